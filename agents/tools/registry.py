"""All tools by name, except hand-offs, which come from the roster."""

from typing import Any

from agents.tools.add_to_ticket import ADD_TO_TICKET
from agents.tools.assign_seat import ASSIGN_SEAT
from agents.tools.change_request import CHANGE_REQUEST
from agents.tools.check_policy import CHECK_POLICY
from agents.tools.grant_access import GRANT_ACCESS
from agents.tools.join_waitlist import JOIN_WAITLIST
from agents.tools.look_up_catalog import look_up_catalog
from agents.tools.look_up_person import look_up_person
from agents.tools.my_requests import my_requests
from agents.tools.open_ticket import OPEN_TICKET
from agents.tools.order_hardware import ORDER_HARDWARE
from agents.tools.reset_password import RESET_PASSWORD
from agents.tools.search_knowledge import SEARCH_KNOWLEDGE
from agents.tools.tool import Tool
from agents.tools.who_am_i import who_am_i
from agents.tools.withdraw_request import WITHDRAW_REQUEST

AnyTool = Tool[Any]
"""A tool whose arguments were or will be validated by its own model."""

TOOLS: dict[str, AnyTool] = {
    tool.name: tool
    for tool in (
        who_am_i,
        look_up_person,
        SEARCH_KNOWLEDGE,
        look_up_catalog,
        CHECK_POLICY,
        GRANT_ACCESS,
        ASSIGN_SEAT,
        ORDER_HARDWARE,
        JOIN_WAITLIST,
        RESET_PASSWORD,
        OPEN_TICKET,
        ADD_TO_TICKET,
        my_requests,
        WITHDRAW_REQUEST,
        CHANGE_REQUEST,
    )
}
