"""The written policy of a workspace and its renderings: bubblewrap (checked only), Docker and Kubernetes."""
