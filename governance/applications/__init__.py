"""From an application to a project: the form, the review group, the controllers, the approval.

Promise: no project comes of an application without a quorum's votes for exactly the version that is approved, the
agreement of every contributing controller whose data is granted, and minutes signed by the chair; whoever applies or is
named has no say in it.

For pages and commands (each act one transaction with its audit event; raises Refusal):

- form: `form.FORM` (sections and fields), `drafting.start_application`, `save_answers` (some fields; returns what is
  still missing), `find_gaps`, `submit_application`, `withdraw_application`;
- before the vote: `triage.ask_applicant`, `accept_for_review`;
- the group: `group.appoint_member`, `withdraw_member`, `list_members`; `rule.current_rule`, `propose_rule`,
  `confirm_rule`; `rounds.declare_interest`, `vote`, `conclude_round`; `minutes.write_minutes`, `sign_minutes`;
- conditions: `conditions.write_condition`, `drop_condition`, `give_evidence`, `close_condition`, `list_conditions`;
- controllers: `controllers.set_source_controllers`, `appoint_delegate`, `withdraw_delegate`;
  `answering.answer_for_controller`, `refer_back`;
- `approving.approve`: makes or changes the project; `orders` for its extract;
- to read: `views.list_applications`, `show_application` (with `parts`: what its reader may do), `show_version`;
  `states.MOVES` (who has the move, words); `notices.list_notices`, `mark_read`; `offered.current_offer`.

Votes, conclusions and agreements name the version by its digest, which pages take from what they showed.
"""
