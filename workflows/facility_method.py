"""Which method made the facility scores of a run, in one sentence."""

from data.records import Message
from data.store.scores import ScoreRun

_SENTENCES = {
    "shrunken_rate": "按同类平均和自身历史推算：回放 {n} 次检查，更复杂的模型并不更准",
    "logistic": "按逻辑回归推算，已扣除检查人员宽严差别：回放 {n} 次检查时最准",
    "boosted": "按提升树推算，已扣除检查人员宽严差别：回放 {n} 次检查时最准",
}
_FEW = "检查记录还少：按同类平均和自身历史推算"


def facility_method(run: ScoreRun) -> Message | None:
    """Return the sentence, or None for a run that keeps no word of it."""
    told = run.summary.get("facility_model")
    if not isinstance(told, dict):
        return None
    sentence = _SENTENCES.get(str(told.get("method")))
    if told.get("reason") != "backtest" or sentence is None:
        return Message(_FEW)
    return Message(sentence, {"n": int(told.get("n_tested", 0))})
