"""Made sequences of people, screens and prints before a camera, and how well the measures of vision.live tell them apart."""
