"""A labeling tool that is reached by files only: tasks in one folder, answers in another."""
