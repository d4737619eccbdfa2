"""What the center's bank says: reading statements, matching their lines to schools, booking them."""
