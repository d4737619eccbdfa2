"""What a photo's file says of itself, read before a pixel is decoded; and decoding it whole or not at all."""
