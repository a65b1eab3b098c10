"""The pages of the administrators, as each of them sees it."""

import pytest

from tests import signing_in
from tests.pages.test_pages import opened, words


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_system_administrator_makes_an_account_and_sees_its_password_once(
    language, empty_store, monkeypatch
):
    """It is nowhere afterwards; he can't grant."""
    user = signing_in.user_of(empty_store, "sys", roles=["system_admin"], districts=[])
    at = opened("accounts", empty_store, monkeypatch, language=language, user=user)
    at.text_input[0].input("wangli")
    at.text_input[1].input("王丽")
    at.button[0].click().run()
    [password] = [code.value for code in at.code]
    assert len(password) == 19
    at.run()
    assert not at.code
    assert not at.multiselect
    assert "wangli" in at.dataframe[0].value.to_csv()


def test_the_security_administrator_grants_and_can_not_make(empty_store, monkeypatch):
    """The other half of the four eyes."""
    signing_in.add_account(empty_store, "m", roles=[], districts=[], sealed=[])
    user = signing_in.user_of(empty_store, "sec", roles=["security_admin"], districts=[])
    at = opened("accounts", empty_store, monkeypatch, user=user)
    at.selectbox(key="picked_account").select("m").run()
    at.multiselect[0].set_value(["manager"])
    next(button for button in at.button if button.label == "保存授权").click().run()
    assert not at.error
    assert "县区负责人" in at.dataframe[0].value.to_csv()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_auditor_reads_filters_and_checks_the_log(language, empty_store, monkeypatch):
    """Who did what, and that nothing was taken away."""
    user = signing_in.user_of(empty_store, "aud", roles=["auditor"], districts=[])
    at = opened("audit", empty_store, monkeypatch, language=language, user=user)
    assert "sign_in" in at.dataframe[0].value.to_csv()
    at.button[0].click().run()
    assert not at.exception
    assert at.success
    at.text_input[0].input("nobody").run()
    assert at.info
    assert words(at)
