"""Students pay online: orders and the providers that take the money."""
