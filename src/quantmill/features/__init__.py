"""Features: declared once, computed from the past alone, stored by set and version, certified."""
