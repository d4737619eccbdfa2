"""How often the check is right: on labelled photos, with a set left out, and when a photo is changed a little."""
