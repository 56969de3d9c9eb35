/* "Check for export": what the airlock would say of files, in a side panel, before anything is submitted. In the menu of
 * the file browser for what is selected there (folders too), in the menu File for the document that is open, as saved.
 */
import { connect } from './connection.js';

const SELECTED = 'sde-workspace:check-selected';
const CURRENT = 'sde-workspace:check-current';
const PANEL = 'sde-check';
const COLOURS = { FAIL: 'var(--jp-error-color1)', REVIEW: 'var(--jp-warn-color1)', PASS: 'var(--jp-success-color1)' };
const UNANSWERED = 'The check did not answer. Try again; if it stays so, restart your workspace.';

/** An element with text, which is never read as markup: names and places come from files. */
const element = (name, text = '', style = {}) => {
  const made = document.createElement(name);
  made.textContent = text;
  Object.assign(made.style, style);
  return made;
};

/** Findings that say the same, with all of their places. */
const grouped = findings => {
  const groups = new Map();
  for (const found of findings) {
    const key = JSON.stringify([found.severity, found.check, found.why, found.fix]);
    groups.set(key, [...(groups.get(key) || []), found]);
  }
  return [...groups.values()];
};

const partOf = same => {
  const { severity, check, why, fix } = same[0];
  const item = element('li', '', { marginBottom: '8px' });
  item.append(element('b', severity, { color: COLOURS[severity] }), ` ${check}: ${why} `, element('i', fix));
  const places = same.map(found => found.where).filter(Boolean);
  if (places.length) {
    item.append(element('div', `At: ${places.join('; ')}`));
  }
  return item;
};

const sectionOf = file => {
  const section = element('section', '', { marginTop: '12px' });
  const heading = element('h3', '', { margin: '0 0 4px', overflowWrap: 'anywhere' });
  heading.append(element('span', file.verdict, { color: COLOURS[file.verdict] }), ` ${file.file}: ${file.meaning}`);
  const list = element('ul', '', { margin: '0', paddingLeft: '18px' });
  list.append(...grouped(file.findings).map(partOf));
  section.append(heading, list);
  return section;
};

export default async function plugin(lab) {
  const [{ IFileBrowserFactory }, { IMainMenu }, { IDocumentManager }, { Widget }, connection] = await Promise.all([
    lab('@jupyterlab/filebrowser'),
    lab('@jupyterlab/mainmenu'),
    lab('@jupyterlab/docmanager'),
    lab('@lumino/widgets'),
    connect(lab)
  ]);

  const panelOf = () => {
    const node = element('div', '', { padding: '12px', overflow: 'auto', userSelect: 'text' });
    node.setAttribute('role', 'region');
    node.setAttribute('aria-label', 'Check for export');
    const status = element('p', 'Choose "Check for Export" in the menu of a file, a folder or a selection.');
    status.setAttribute('role', 'status');
    const results = element('div');
    node.append(element('h2', 'Check for export'), status, results);
    const panel = new Widget({ node });
    panel.id = PANEL;
    panel.title.label = 'Export check';
    panel.title.caption = 'What the airlock would say of files';
    return { panel, status, results };
  };

  return {
    id: 'sde-workspace:checking',
    description: 'Checks files as the airlock would, before they are submitted.',
    autoStart: true,
    requires: [IFileBrowserFactory, IDocumentManager],
    optional: [IMainMenu],
    activate: (app, browsers, documents, menu) => {
      const { panel, status, results } = panelOf();
      app.shell.add(panel, 'right', { rank: 900 });
      let asked = 0;

      const check = async paths => {
        const mine = ++asked; // an earlier question's answer is not shown any more
        app.shell.activateById(PANEL);
        results.replaceChildren();
        status.textContent = `Checking ${paths.join(', ')} ...`;
        const told = await connection.tell('check', { paths }).catch(() => ({ problem: UNANSWERED }));
        if (mine !== asked) {
          return;
        }
        status.textContent = told.problem || told.summary;
        results.replaceChildren(...(told.files || []).map(sectionOf), element('p', told.unseen || ''));
      };

      const selected = () => [...((browsers.tracker.currentWidget || { selectedItems: () => [] }).selectedItems() || [])];
      const current = () => app.shell.currentWidget && documents.contextForWidget(app.shell.currentWidget);
      const usage = 'What the airlock would say, before you submit';
      app.commands.addCommand(SELECTED, {
        label: 'Check for Export',
        caption: usage,
        isEnabled: () => selected().length > 0,
        execute: () => check(selected().map(item => item.path))
      });
      app.commands.addCommand(CURRENT, {
        label: 'Check for Export',
        caption: usage,
        isEnabled: () => Boolean(current()),
        execute: () => check([current().path])
      });
      app.contextMenu.addItem({ command: SELECTED, selector: '.jp-DirListing-item', rank: 8.5 });
      if (menu) {
        menu.fileMenu.addGroup([{ command: CURRENT }], 90);
      }
    }
  };
}
