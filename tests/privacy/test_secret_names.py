"""Which names hold a secret: by whole words, however they are written."""

from __future__ import annotations

import pytest

from fitprint._core.privacy.secret_names import is_secret

SECRET = """
    password db_password dbPassword dbpassword user.password clf__password PASSWORD passwd pwd passphrase
    secret client_secret clientSecret secret_key AWS_SECRET_ACCESS_KEY awsSecretAccessKey credential credentials
    credentials.user token hf_token HF_TOKEN auth_token accessToken access_tokens mlflow_tracking_token step__api_token
    clientsecret dbpwd dbpasswords awssecretkey masterkey sshkey githubtoken dbtoken db_pass smtpPass userpass
    api_key apiKey APIKey api-key OPENAI_API_KEY apikey private_key access_key account_key http_auth authorization jwt
"""
NO_SECRET = """
    n_tokens use_cls_token tokenizer tokenizer__lowercase max_token_length token_pattern vect__token_pattern tokens
    low_pass high_pass passes n_pass subtoken monkey hotkey primarykey sort_key key signature sigma
    pad_token eos_token_id mask_token decoder_start_token token_type_ids token_count key keys sort_key monkey keyword
    kernel author authors secretary secret_name token_url password_file api_key_env passthrough compass bypass
    alpha C n_estimators max_depth random_state
"""


@pytest.mark.parametrize("name", SECRET.split())
def test_a_name_that_holds_a_secret(name):
    assert is_secret(name)


@pytest.mark.parametrize("name", NO_SECRET.split())
def test_a_name_that_holds_none(name):
    assert not is_secret(name)
