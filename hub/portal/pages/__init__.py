"""The pages, one file a subject: each function is one route of hub.portal.routes."""
