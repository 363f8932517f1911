"""What must hold of mpmt itself, measured by it: for its developers."""
