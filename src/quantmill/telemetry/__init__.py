"""What a running quantmill tells about itself."""
