"""The sidecar of a workspace on Docker or Kubernetes: carries its three sockets to the gateway's channel gate.

Promise: it holds the channel's secret and no code of a researcher; it opens connections and listens on no network. It
needs Python's own library and nothing else, so that its image holds nothing else.
"""
