"""Where in the picture a person and a face are, cut out and turned upright for whoever measures them."""
