"""The server as it is hosted: behind the real nginx, in a frame of another site, killed and started again."""
