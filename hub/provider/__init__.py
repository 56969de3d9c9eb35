"""The demonstration's identity provider: OpenID Connect without passwords for some accounts. Never in production."""

import warnings

from authlib.deprecate import AuthlibDeprecationWarning

# The mock provider imports modules that Authlib 2 will drop; the versions are locked, and an operator cannot act on it.
warnings.simplefilter("ignore", AuthlibDeprecationWarning)
