"""The panels below the walk through a step: each shows one thing of the step that is taken apart."""
