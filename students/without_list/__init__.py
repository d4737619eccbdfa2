"""Schools that hand over no list: their catalogue of classes, and the students who appear by capture codes."""
