"""The OpenAPI description of the routes, made from the handler's own tables."""
