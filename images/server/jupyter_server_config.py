"""Configuration of the notebook server inside a workspace: quiet, lean, no outside world.

These settings are good manners, not a boundary: what a researcher's code could switch on again is forbidden once more
by the sandbox (no network, read-only environment) and by the edge proxy (no file downloads).
"""

import os

c = get_config()  # type: ignore[name-defined]  # noqa: F821  (Jupyter provides it)

c.Application.log_level = "WARN"

terminals = os.environ.get("JUPYTERHUB_SDE_TERMINALS") == "1"  # the register allows them; inside the same walls

server = c.ServerApp
server.allow_remote_access = True  # requests come through the gateway's proxy under its own host name
server.open_browser = False
server.terminals_enabled = terminals
server.quit_button = False
server.extra_services = ["closed_doors"]  # before the default services, so it wins
server.jpserver_extensions = {
    "jupyterlab": True,
    "jupyter_lsp": False,
    "jupyter_server_terminals": terminals,
    "notebook_shim": False,
    "sde_workspace": True,
}
server.root_dir = "/home/researcher"
server.preferred_dir = "/home/researcher"
server.use_redirect_file = False
server.max_body_size = server.max_buffer_size = 64 * 2**20

lab = c.LabApp
lab.extension_manager = "readonly"
lab.news_url = None
lab.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
lab.lock_all_plugins = True
lab.app_settings_dir = "/opt/server/lab"  # page_config.json and overrides.json
lab.extra_labextensions_path = ["/opt/server/lab/labextensions"]

kernels = os.environ["WORKSPACE_KERNELS"].split(",")  # of the image that was chosen, the default first
c.KernelSpecManager.allowed_kernelspecs = set(kernels)
c.MultiKernelManager.default_kernel_name = kernels[0]
c.MappingKernelManager.cull_idle_timeout = 0  # a long analysis is not ended behind its author's back
c.FileContentsManager.delete_to_trash = False
c.ContentsManager.allow_hidden = False
c.FileCheckpoints.checkpoint_dir = ".ipynb_checkpoints"
c.SessionManager.database_filepath = ":memory:"
c.NotebookNotary.db_file = ":memory:"
