"""The keeper's duties, one a file, in the order of a round: what closes access first, what only warns last."""

from intake.keeper.duties.build_orders import BUILD_ORDERS
from intake.keeper.duties.close_projects import CLOSE_PROJECTS
from intake.keeper.duties.expire_requests import EXPIRE_REQUESTS
from intake.keeper.duties.lapse_applications import LAPSE_APPLICATIONS
from intake.keeper.duties.publish_offer import PUBLISH_OFFER
from intake.keeper.duties.refresh_nightly import REFRESH_NIGHTLY
from intake.keeper.duties.refresh_opt_outs import REFRESH_OPT_OUTS
from intake.keeper.duties.report_opt_outs import REPORT_OPT_OUTS
from intake.keeper.duties.retire_extracts import RETIRE_EXTRACTS
from intake.keeper.duties.tidy_deliveries import TIDY_DELIVERIES
from intake.keeper.duties.watch_answer import WATCH_ANSWER
from intake.keeper.duties.watch_deliveries import WATCH_DELIVERIES
from intake.keeper.duties.watch_region import WATCH_REGION
from intake.keeper.duties.watch_vocabulary import WATCH_VOCABULARY
from intake.keeper.ground import Duty

DUTIES: tuple[Duty, ...] = (
    EXPIRE_REQUESTS,
    LAPSE_APPLICATIONS,
    PUBLISH_OFFER,
    REFRESH_OPT_OUTS,
    REFRESH_NIGHTLY,
    BUILD_ORDERS,
    CLOSE_PROJECTS,
    RETIRE_EXTRACTS,
    TIDY_DELIVERIES,
    REPORT_OPT_OUTS,
    WATCH_ANSWER,
    WATCH_DELIVERIES,
    WATCH_REGION,
    WATCH_VOCABULARY,
)

__all__ = ["DUTIES"]
