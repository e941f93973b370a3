"""Interprets an upstream's answer without a picture, by one table.

One status has several meanings: xAI's 403 is a refused prompt, which it charges, or a team without
credit; its 400 may be a wrong key; OpenAI's 429 may be an unpaid bill. And each may reach us
through a gateway that words it differently. So a code or type counts first, then the text, and the
status if neither tells.
"""

import re
from collections.abc import Container
from dataclasses import dataclass
from enum import StrEnum

from .complaints import Complaint


class Verdict(StrEnum):
    """Who has to deal with a refusal, and what is to be done."""

    MODERATED = "moderated"  # the client's; perhaps charged, and so never sent again
    NO_CREDIT = "no_credit"  # the administrator's; another key may have some
    REFUSED_KEY = "refused_key"  # the administrator's; another key may be taken
    REFUSED_FOR_MODEL = "refused_for_model"  # the same, and the key is good for other models
    LIMITED = "limited"  # passes; the key rests for this model
    BAD_REQUEST = "bad_request"  # the client's
    FORBIDDEN = "forbidden"  # for a reason that is not told: perhaps the prompt, so not sent again
    FAULT = "fault"  # the upstream's


FOR_ANOTHER_KEY = frozenset(
    {Verdict.NO_CREDIT, Verdict.REFUSED_KEY, Verdict.REFUSED_FOR_MODEL, Verdict.LIMITED}
)
"""Verdicts that another key may be free of. None of them is ever charged."""

ANY = range(200, 600)
REFUSALS = range(400, 500)
UNTOLD = (*range(200, 300), *REFUSALS)
"""Statuses that say nothing by themselves, including that of an error inside of a 200."""

USER_ERROR = re.compile("user_error|invalid_request")
CLIENT_MISTAKES = (400, 404, 406, 413, 414, 415, 422)


@dataclass(frozen=True, slots=True)
class Rule:
    """A line of the table: it applies to these statuses if code, type or text match."""

    verdict: Verdict
    statuses: Container[int]
    codes: re.Pattern[str] | None = None
    text: re.Pattern[str] | None = None

    def holds(self, status: int, said: Complaint) -> bool:
        if status not in self.statuses:
            return False
        if self.codes is None and self.text is None:
            return True
        if self.codes is not None and any(map(self.codes.search, said.codes)):
            return True
        return self.text is not None and self.text.search(said.text) is not None


def words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.VERBOSE)


RULES = (
    # A closed account has nothing to do with this prompt, whatever closed it.
    Rule(
        Verdict.REFUSED_KEY,
        (400, 401, 403),
        words(r"^account_(deactivated|suspended|disabled)$ | ^access_terminated"),
        words(
            r"\b(account|organi[sz]ation|team|project|api[ ]key|key|token)s?\b [^.,;:]{0,40}?"
            r"\b(suspended|deactivated|disabled|terminated|banned|blocked|deleted|expired|revoked)\b"
        ),
    ),
    # xAI: "Content violates usage guidelines", "Generated image rejected by content moderation";
    # OpenAI: "rejected by the safety system"; Azure: contentFilter; Google: SAFETY.
    Rule(
        Verdict.MODERATED,
        ANY,
        words(
            r"moderat | content[_-]?(policy|filter|violat) | responsible_?ai | safety"
            r" | prohibited_?content | sensitive_?words? | ^nsfw"
        ),
        words(
            r"content[ ]violat | usage[ ]guidelines | safety_check | content[ ](moderation|filter)"
            r" | content[ _]policy | safety[ ](system|filter|policy|guideline)"
            r" | rejected[ ]by[ ].{0,30}(moderation|safety|filter)"
            r" | (prompt|image|picture|content|request|input|output)s?[ ].{0,40}"
            r"\b(moderated|flagged|violat\w+)\b"
            r" | violat\w+[ ].{0,40}\b(guideline|polic)(y|ies|s)?"
            r" | responsible[ ]ai | 内容(审核|违规|安全) | 敏感(词|内容) | 违规"
        ),
    ),
    Rule(Verdict.MODERATED, (451,)),
    Rule(
        Verdict.MODERATED,
        (403,),
        None,
        words(
            r"\b(prompt|content|image|picture|photo|input|output|text)s?\b [^.]{0,80}"
            r"\b(reject|block|flag|prohibit|sensitive|disallow|moderat|illegal|violen)"
            r" | \bprompts?\b [^.]{0,80} \b(not[ ]allowed|refused|denied)\b"
            r" | \b(inappropriate|unsafe|harmful|explicit|offensive|sexual)\b"
        ),
    ),
    # xAI: "used all available credits or reached its monthly spending limit"; OpenAI:
    # insufficient_quota, billing_hard_limit_reached; new-api: insufficient_user_quota.
    Rule(Verdict.NO_CREDIT, (402,)),
    Rule(
        Verdict.NO_CREDIT,
        ANY,
        words(
            r"^insufficient_(\w+_)?(quota|credits?|balance|funds)$ | ^billing_ | ^payment_required$"
            r" | ^(quota|credits?|balance)_(exhausted|exceeded|depleted|not_enough)$"
            r" | ^(budget|spending_limit)_(exceeded|reached)$ | ^arrearage"
        ),
    ),
    Rule(
        Verdict.NO_CREDIT,
        UNTOLD,
        None,
        words(
            r"available[ ]credits | have[ ]any[ ]credits | spending[ ]limit"
            r" | exceeded[ ]your[ ]current[ ]quota | (billing|hard)[ ].{0,20}limit"
            r" | budget[ ](has[ ]been[ ])?exceeded"
            r" | (insufficient|not[ ]enough|out[ ]of|no|low)[ ](\w+[ ]){0,2}"
            r"(balance|credits?|funds|quota)"
            r" | (balance|credits?|quota|funds)[ ].{0,30}(insufficient|exhausted|depleted|too[ ]low"
            r"|used[ ]up|run[ ]out|not[ ]enough) | payment[ ]required"
            r" | 余额不足 | 额度.{0,4}(不足|用尽|用完) | 欠费"
        ),
    ),
    # OpenAI: invalid_api_key; xAI: 400 "Incorrect API key provided".
    Rule(Verdict.REFUSED_KEY, (401,)),
    Rule(
        Verdict.REFUSED_KEY,
        UNTOLD,
        words(
            r"^(invalid|incorrect|wrong|missing|expired|revoked|no)_?(api_?)?"
            r"(key|token|credentials?)$ | ^(invalid_)?authentication(_error)?$"
            r" | ^unauth(enticated|ori[sz]ed)$ | ^auth_error$"
        ),
        words(
            r"(incorrect|invalid|wrong|missing|unknown|malformed|no)[ ](\w+[ ]|x-)?api[ _-]?key"
            r" | api[ _-]?key\b [^.,;:]{0,30}"
            r"\b(incorrect|invalid|not[ ](valid|found)|missing|unknown)"
            r" | 无效的?(令牌|密钥) | (令牌|密钥)(已过期|无效|不可用)"
        ),
    ),
    Rule(Verdict.LIMITED, (429,)),
    Rule(
        Verdict.LIMITED,
        UNTOLD,
        words(r"rate_?limit | too_?many_?(requests|generations) | resource_?exhausted | throttl"),
        words(r"\brate[ ]limit(ed)?\b | too[ ]many[ ]requests"),
    ),
    # OpenAI: "Your organization must be verified to use the model".
    Rule(
        Verdict.REFUSED_FOR_MODEL,
        (403,),
        words(r"permission_?(denied|error) | access_?denied | ^forbidden$ | not_?allowed"),
        words(
            r"\b(key|token|credential|permission|permitted|access|authori[sz]|authentic|organi[sz]ation"
            r"|project|team|account|user|billing|plan|subscription|tier|region|country|verif|forbidden"
            r"|not[ ]allowed|令牌|密钥|权限|分组)"
        ),
    ),
    # Proxies say it with a page, and it has no other meaning.
    Rule(Verdict.BAD_REQUEST, (413,)),
    # The address is wrong, not the request.
    Rule(Verdict.FAULT, (404,), None, words(r"^(404[ ])?(page[ ])?not[ ]found[.!]?$")),
)
"""Rules are tried in order; the first match decides."""


def judge(status: int, said: Complaint, *, passing: bool = False) -> Verdict:
    """Return what an answer means.

    Args:
        status: its HTTP status; 200 for an error inside of an answer or of a stream.
        passing: it says when to come again, so what its text calls a quota is a rate.
    """
    if status < 300 or status == 500:
        # Gateways that pass everything on with one status put the true one into the body.
        status = said.status or status
    for rule in RULES:
        if passing and rule.verdict is Verdict.NO_CREDIT and rule.codes is None:
            continue
        if rule.holds(status, said):
            return rule.verdict
    if status == 403 and said.text:
        return Verdict.FORBIDDEN
    if status in CLIENT_MISTAKES and said.text:
        return Verdict.BAD_REQUEST
    if status < 300 and any(map(USER_ERROR.search, said.codes)):
        return Verdict.BAD_REQUEST
    return Verdict.FAULT
