"""The same graph on Kubeflow: the file that Kubeflow runs, and what runs in each of its steps."""
