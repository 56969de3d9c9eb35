/* Saves every changed document when the workspace is about to close, and tells the server when that is done. */
import { connect } from './connection.js';

const AREAS = ['main', 'down', 'left', 'right'];
const PATIENCE = 2500; // milliseconds: a document that asks its reader a question first is not waited for

const inTime = promise =>
  Promise.race([promise, new Promise((_, give_up) => setTimeout(() => give_up(new Error('too slow')), PATIENCE))]);

export default async function plugin(lab) {
  const [{ Notification }, { IDocumentManager }, connection] = await Promise.all([
    lab('@jupyterlab/apputils'),
    lab('@jupyterlab/docmanager'),
    connect(lab)
  ]);

  const changedDocuments = (app, documents) => {
    const contexts = new Set();
    for (const area of AREAS) {
      for (const widget of app.shell.widgets(area)) {
        const context = documents.contextForWidget(widget);
        if (context && context.model.dirty && !context.model.readOnly) {
          contexts.add(context);
        }
      }
    }
    return [...contexts];
  };

  const say = (saved, unsaved) => {
    if (unsaved) {
      Notification.error(`This workspace is closing, and ${unsaved} changed documents could not be saved.`, {
        autoClose: false
      });
    } else {
      Notification.info('This workspace is closing. Everything that was open is saved.', { autoClose: false });
    }
    return { saved, unsaved };
  };

  return {
    id: 'sde-workspace:saving',
    description: 'Saves changed documents before the workspace closes.',
    autoStart: true,
    requires: [IDocumentManager],
    activate: (app, documents) => {
      let answered = 0;
      connection.listen(async news => {
        if (!news.closing || news.closing === answered) {
          return;
        }
        answered = news.closing;
        const results = await Promise.allSettled(
          changedDocuments(app, documents).map(context => inTime(context.save()))
        );
        const saved = results.filter(result => result.status === 'fulfilled').length;
        await connection.tell('saved', { closing: news.closing, ...say(saved, results.length - saved) });
      });
    }
  };
}
