import { messageOf } from '../../src/base/message-of.js';

/** What becomes of a form that was sent: whether the daemon is still at it, and why it refused, in its own words. */
export class Submission {
  problem = $state('');
  isBusy = $state(false);

  /** Sends what the form says; true where the daemon took it. */
  async send(event: SubmitEvent, act: () => Promise<void>): Promise<boolean> {
    event.preventDefault();
    this.problem = '';
    this.isBusy = true;
    try {
      await act();
      return true;
    } catch (error) {
      this.problem = messageOf(error);
      return false;
    } finally {
      this.isBusy = false;
    }
  }
}
