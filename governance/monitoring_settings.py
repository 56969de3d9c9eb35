"""Settings of the monitoring: from how many events on a rule raises its alarm, and where audit events are sent."""

from __future__ import annotations

from pydantic import BaseModel, Field


class MonitoringSettings(BaseModel):
    """Part of `governance.settings.Settings`."""

    alarm_refusals: int = Field(
        default=40, gt=0, description="refusals of one person within an hour that raise an alarm"
    )
    alarm_near_questions: int = Field(
        default=3, gt=0, description="questions of one person refused within a day for being near to others"
    )
    alarm_failed_sign_ins: int = Field(default=5, gt=0, description="failed sign-ins of one name within 15 minutes")
    alarm_failed_sign_ins_of_all: int = Field(
        default=50, gt=0, description="failed sign-ins of any names within an hour"
    )
    alarm_odd_hour_steps: int = Field(
        default=20, gt=0, description="questions, starts and submissions of one person in odd hours within eight hours"
    )
    odd_hours_from: int = Field(default=22, ge=0, le=23, description="hour (UTC) at which odd hours begin")
    odd_hours_until: int = Field(default=5, ge=0, le=23, description="hour (UTC) at which they end")
    alarm_clock_back_seconds: float = Field(
        default=5.0, gt=0, description="so far may an event's time lie before the time of the event before it"
    )
    audit_syslog: str = Field(
        default="",
        pattern=r"^(|unix:/.+|(udp|tcp):[^\s]+:[0-9]{1,5})$",
        description="where audit events are sent as syslog: `unix:/dev/log`, `tcp:host:port` or `udp:host:port`; "
        "empty: nowhere",
    )
