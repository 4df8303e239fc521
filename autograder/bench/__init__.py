"""What the batch command is measured with: a class, the other graders, a meter."""
