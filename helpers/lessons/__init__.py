"""What each notebook asks: its questions, goals of its labs, and exercises with their mistakes. One module a notebook."""
