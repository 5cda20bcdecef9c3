"""What a learner says, judged: predictions, claims, exercises with their mistakes, layers against torch's."""
