import type { Words } from "../core/words";
import type { DeleteDialog } from "../ui/delete-dialog";

/** What Home Assistant's frontend offers to cards, once a dashboard was shown. ref: home-assistant/frontend, custom-card-helpers.ts */
interface Frontend {
  loadCardHelpers?(): Promise<{ showConfirmationDialog(by: HTMLElement, question: object): Promise<boolean> }>;
}

/**
 * Asks by Home Assistant's own dialog whether what our dialog has counted is to be deleted. Ours shows what is no question, and asks where the frontend
 * has no dialog. It has the receipt, too, unless it is of one recording, all went well and the note that Home Assistant shows is enough.
 */
export async function askByFrontend(by: HTMLElement, words: Words, dialog: DeleteDialog): Promise<void> {
  await dialog.counted;
  const { preview } = dialog;
  if (!preview || (!preview.count && !preview.in_progress)) return dialog.show();
  const t = words.t.bind(words);
  let yes: boolean;
  try {
    const helpers = await (window as unknown as Frontend).loadCardHelpers!();
    yes = await helpers.showConfirmationDialog(by, {
      title: t("delete.question", { n: preview.count }),
      text: dialog.statement().join(" "),
      confirmText: t("delete.do", { n: preview.count }),
      dismissText: t(dialog.chosen ? "back" : "cancel"),
      destructive: true,
    });
  } catch {
    return dialog.show();
  }
  if (dialog.preview !== preview) return; // something else is asked by now
  if (!yes) return dialog.back();
  await dialog.delete();
  const { receipt } = dialog;
  if (!receipt || receipt.deleted !== 1 || receipt.failed_count) dialog.show();
}
