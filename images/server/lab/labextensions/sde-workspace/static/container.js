/* The door by which JupyterLab loads this extension: a module federation container, written by hand (no Node, no build).
 *
 * JupyterLab calls `init` with the modules that all extensions share and `get` for our plugins. Each feature is a file
 * beside this one that exports one JupyterLab plugin; a new feature is a new file and its name in FEATURES.
 */
(() => {
  'use strict';

  const NAME = 'sde-workspace';
  const FEATURES = ['notices.js', 'saving.js', 'activity.js', 'checking.js'];
  const HERE = document.currentScript.src;
  let shared = {};

  /** JupyterLab's own instance of a package, e.g. '@jupyterlab/apputils'. */
  const lab = async name => {
    const offered = Object.values(shared[name] || {});
    const chosen = offered.find(one => /application-top/.test(one.from || '')) || offered[0];
    if (!chosen) {
      throw new Error(`JupyterLab does not offer ${name}`);
    }
    return (chosen.lib || (await chosen.get()))();
  };

  const load = async file => (await import(new URL(file, HERE).href)).default(lab);

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init: scope => {
      shared = scope;
    },
    get: async () => {
      const plugins = await Promise.all(FEATURES.map(load));
      return () => ({ __esModule: true, default: plugins });
    }
  };
})();
