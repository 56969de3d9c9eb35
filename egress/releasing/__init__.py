"""What a release is made of: the manifest and its signature, the documents beside it, the store, the offline proof."""
