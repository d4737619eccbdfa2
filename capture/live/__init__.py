"""The second before the shutter: a few small frames that a camera page sends with the photo, with consent."""
