"""The networks that find faces, persons and poses: mediapipe's in the workers, its smallest in the page."""
