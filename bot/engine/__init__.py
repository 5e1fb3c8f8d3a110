"""The shell around the core: ingress, worker, log writer, delivery."""
