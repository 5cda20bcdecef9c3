"""What a learner says, compared: predictions, claims, exercises with their mistakes, layers against torch's."""
