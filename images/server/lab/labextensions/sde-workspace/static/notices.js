/* Shows what the gateway has to say (idle closing, disk, traffic) as JupyterLab's own notifications, which screen readers
 * announce. A notice goes when the gateway takes it back; what a person has closed stays closed until its words change.
 */
import { connect } from './connection.js';

const LONGEST = 130; // characters: JupyterLab cuts a message after 140
const timeOf = moment => new Date(moment).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

const textOf = notice => (notice.action === 'keep-open' ? `At ${timeOf(notice.until)}: ${notice.text}` : notice.text);

/** A notice in which only numbers change is the same notice. */
const wordsOf = text => text.replace(/\d+/g, '');

/** The whole sentences that fit, or the words that do. */
const beginningOf = text => {
  const part = text.slice(0, LONGEST);
  const end = part.lastIndexOf('. ');
  return end > 0 ? part.slice(0, end + 1) : `${part.slice(0, part.lastIndexOf(' '))} ...`;
};

export default async function plugin(lab) {
  const [{ Notification, Dialog, showDialog }, connection] = await Promise.all([
    lab('@jupyterlab/apputils'),
    connect(lab)
  ]);
  const shown = new Map(); // the gateway's id of a notice -> {text, id}

  const keepOpen = async () => {
    try {
      await connection.tell('active', { now: true });
    } catch (error) {
      Notification.error('The workspace did not answer. Run a cell, or try again.', { autoClose: false });
    }
  };

  const readAll = text => {
    void showDialog({ title: 'Notice of the gateway', body: text, buttons: [Dialog.okButton()] });
  };

  const actionsOf = (notice, text) => [
    ...(notice.action === 'keep-open'
      ? [{ label: 'Keep open', displayType: 'accent', callback: () => void keepOpen() }]
      : []),
    ...(text.length > LONGEST ? [{ label: 'Read all', callback: () => readAll(text) }] : [])
  ];

  const show = notice => {
    const text = textOf(notice);
    const before = shown.get(notice.id);
    if (before && before.text === text) {
      return;
    }
    const message = text.length > LONGEST ? beginningOf(text) : text;
    const options = { autoClose: false, actions: actionsOf(notice, text) };
    const type = notice.tone === 'warning' ? 'warning' : 'info';
    if (before && wordsOf(before.text) === wordsOf(text)) {
      Notification.update({ id: before.id, message, type, ...options }); // does nothing to one that was closed
      shown.set(notice.id, { text, id: before.id });
      return;
    }
    if (before) {
      Notification.dismiss(before.id);
    }
    shown.set(notice.id, { text, id: Notification.emit(message, type, options) });
  };

  return {
    id: 'sde-workspace:notices',
    description: 'Shows the notices of the gateway.',
    autoStart: true,
    activate: () => {
      connection.listen(news => {
        const current = new Set(news.notices.map(notice => notice.id));
        for (const [name, { id }] of shown) {
          if (!current.has(name)) {
            Notification.dismiss(id);
            shown.delete(name);
          }
        }
        news.notices.forEach(show);
      });
    }
  };
}
