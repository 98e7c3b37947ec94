"""What a model learns from: features joined with targets, cut into parts that never see their own future."""
