/* Shows what the gateway has to say (idle closing, disk, traffic) as JupyterLab's own notifications, which screen readers
 * announce. A notice goes when the gateway takes it back; what a person has closed stays closed until it changes.
 */
import { connect } from './connection.js';

const timeOf = moment => new Date(moment).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

// JupyterLab cuts a message after 140 characters, so the time comes first.
const textOf = notice => (notice.until ? `At ${timeOf(notice.until)}: ${notice.text}` : notice.text);

export default async function plugin(lab) {
  const [{ Notification }, connection] = await Promise.all([lab('@jupyterlab/apputils'), connect(lab)]);
  const shown = new Map(); // the gateway's id of a notice -> {text, id}

  const keepOpen = async () => {
    try {
      await connection.tell('active', { now: true });
    } catch (error) {
      Notification.error('The workspace did not answer. Run a cell, or try again.', { autoClose: false });
    }
  };

  const actionsOf = notice =>
    notice.action === 'keep-open' ? [{ label: 'Keep open', displayType: 'accent', callback: () => void keepOpen() }] : [];

  const show = notice => {
    const text = textOf(notice);
    const before = shown.get(notice.id);
    if (before && before.text === text) {
      return;
    }
    if (before) {
      Notification.dismiss(before.id);
    }
    const type = notice.tone === 'warning' ? 'warning' : 'info';
    const id = Notification.emit(text, type, { autoClose: false, actions: actionsOf(notice) });
    shown.set(notice.id, { text, id });
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
