"""Secrets in running text and in plain values: what is hidden, and what is left as it is."""

from __future__ import annotations

import pytest

from fitprint._core.privacy import Redactor

# put together here, so that no scanner for secrets takes this file for a leak
LETTERS = "abcdefghij0123456789ABCDEFGHIJKLMNOPQRST"
KEYS = {
    "AWS": "AKIA" + "ABCDEFGH23456723",
    "GitHub": "ghp_" + LETTERS[:36],
    "GitHub, fine-grained": "github_" + "pat_" + LETTERS[:22] + "_" + LETTERS,
    "GitLab": "glpat-" + LETTERS[:20],
    "OpenAI": "sk-" + "proj-" + LETTERS,
    "Slack": "xoxb-" + "123456789012-" + LETTERS[:24],
    "Google": "AIza" + LETTERS[:35],
    "Hugging Face": "hf_" + LETTERS[:34],
    "Stripe": "sk_" + "live_" + LETTERS[:24],
    "Databricks": "dapi" + "0123456789abcdef" * 2,
    "JSON Web Token": "eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJ" + "zdWIiOiIxIn0" + "." + LETTERS,
    "PEM": "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE/" + LETTERS + "\n-----END RSA PRIVATE KEY-----",
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("around", ["{}", "got {} here", "x={}", "{{'a': ['{}']}}", "/home/{}/train.py", "<Client {}>"])
def test_known_formats_are_hidden_wherever_they_stand(kind, around):
    assert Redactor().text(around.format(KEYS[kind])) == around.format("***")


HIDDEN = {
    "postgres://u:p@h/db": "postgres://***@h/db",
    "mysql+pymysql://root:a/b?c#d@h:3306/db": "mysql+pymysql://***@h:3306/db",
    "git clone https://someone@github.com/x.git": "git clone https://***@github.com/x.git",
    "Client(api_key='abc', n=1)": "Client(api_key='***', n=1)",
    'Client(api_key="it\'s", n=1)': 'Client(api_key="***", n=1)',
    "Client(api_key='a\\'b', n=1)": "Client(api_key='***', n=1)",
    "{'password': 'x', 'user': 'u'}": "{'password': '***', 'user': 'u'}",
    '{"password": "x"}': '{"password": "***"}',
    '{"text": "{\\"password\\": \\"x y\\"}"}': '{"text": "{\\"password\\": \\"***\\"}"}',
    "{'credentials': {'user': 'u', 'k': [1, ')']}, 'n': 1}": "{'credentials': ***, 'n': 1}",
    "train.py --password hunter2 --lr 0.1": "train.py --password *** --lr 0.1",
    "train.py --api-key=a,b;c --lr 0.1": "train.py --api-key=*** --lr 0.1",
    "train.py --pin-token 1234": "train.py --pin-token ***",
    "['--password', 'hunter2', '--lr', '0.1']": "['--password', '***', '--lr', '0.1']",
    "https://h/?api_key=abc&x=1": "https://h/?api_key=***&x=1",
    "AccountName=x;AccountKey=abc==;End=1": "AccountName=x;AccountKey=***;End=1",
    "Authorization: Bearer abc": "Authorization: Bearer ***",
    "/jobs/password=hunter2": "/jobs/password=***",
    "x --pass hunter2 -pw hunter3 --lr 1": "x --pass *** -pw *** --lr 1",
    "curl -u me:hunter2 https://h": "curl -u *** https://h",
    "sshpass -p hunter2 ssh h": "sshpass -p *** ssh h",
    "sshpass -phunter2 ssh -p22 h": "sshpass -p*** ssh -p22 h",
    "mysql -uroot -phunter2 shop; ssh -p2222 h": "mysql -uroot -p*** shop; ssh -p2222 h",
    "/usr/bin/mysqldump -p='my secret' shop": "/usr/bin/mysqldump -p='***' shop",
    'mariadb-dump -p"my secret" -P3306 shop': 'mariadb-dump -p"***" -P3306 shop',
    "['mysql', '-uroot', '-phunter2', 'shop']": "['mysql', '-uroot', '-p***', 'shop']",
    "7z a -mhe -phunter2 out.7z models": "7z a -mhe -p*** out.7z models",
    "mongosh -u me -p hunter2 h && serve -p8080": "mongosh -u me -p *** h && serve -p8080",
    "docker login -u me -p hunter2 r.io": "docker login -u me -p *** r.io",
    "redis-cli -h h -a hunter2 ping": "redis-cli -h h -a *** ping",
    "zip -r -P hunter2 out.zip models": "zip -r -P *** out.zip models",
    "Server=h;Uid=me;Pwd=hunter2;": "Server=h;Uid=me;Pwd=***;",
    "https://h/maps?key=abc&q=1": "https://h/maps?key=***&q=1",
    "https://b.h/k?X-Amz-Credential=a%2Fb&X-Amz-Expires=36&X-Amz-Signature=ab1": (
        "https://b.h/k?X-Amz-Credential=***&X-Amz-Expires=36&X-Amz-Signature=***"
    ),
    "https://a.blob/c?sv=2020-08-04&sp=r&sig=a%2Fb%3D": "https://a.blob/c?sv=2020-08-04&sp=r&sig=***",
    "/c?sp=r&sig=a%2Fb%3D": "/c?sp=r&sig=***",
    "https://h/o?X-Goog-Signature=dead&x=1": "https://h/o?X-Goog-Signature=***&x=1",
}
LEFT = [
    "serve -p8080 -prefix=a",
    "docker run -p8080:80 -p 9090:90 image",
    "mysql -p shop -uroot",
    "psql -p5432 -U me shop; ssh -p2222 mysql",
    "mysql -P3306 -h h; cp -p file file2",
    "mysqlclient==2.2 -p no-command",
    "docker run -u 1000:1000 image",
    "https://h/y?monkey=1&sigma=abc&order=key",
    "sorted by key=name, activation=sigmoid",
    "http://host:8080/path?email=a@b",
    "https://${USER}:${TOKEN}@host/simple",
    "sqlite:///x.db",
    "CountVectorizer(token_pattern='(?u)\\\\b\\\\w+')",
    "google-auth==2.0rc1, jwt>=1.0b",
    "Client(api_key=None, token=3, secret=True)",
    "train.py --password --lr 0.1",
    "sk-learn-pipeline-with-random-forest",
    "task-0123456789abcdef0123456789",
    "a password is wanted, and a token",
    "lbfgs",
]


@pytest.mark.parametrize("text", HIDDEN)
def test_a_secret_in_a_text_is_hidden_and_no_more(text):
    shown = Redactor().text(text)
    assert shown == HIDDEN[text]
    assert Redactor().text(shown) == shown


@pytest.mark.parametrize("text", LEFT)
def test_other_texts_are_left_as_they_are(text):
    assert Redactor().text(text) is text


def test_values_are_hidden_under_their_names_as_deep_as_they_are():
    given = {
        "db": {"password": "x", "port": 5432, "hosts": [{"url": "http://u:p@h"}]},
        "argv": ["--password", "x", "--lr", "1"],
        "command": ["/usr/bin/mysql", "-uroot", "-pmy x", "-h", "p8080"],
        "other": ["serve", "-p8080", 3],
        "headers": [["Authorization", "x"]],
        "token": None,
        "n_tokens": 5,
        "api_key": 7,
        "secret": ["a", "b"],
    }
    assert Redactor().inside(given) == {
        "db": {"password": "***", "port": 5432, "hosts": [{"url": "http://***@h"}]},
        "argv": ["--password", "***", "--lr", "1"],
        "command": ["/usr/bin/mysql", "-uroot", "-p***", "-h", "p8080"],
        "other": ["serve", "-p8080", 3],
        "headers": [["Authorization", "***"]],
        "token": None,
        "n_tokens": 5,
        "api_key": 7,
        "secret": "***",
    }
    assert given["db"]["password"] == "x"


def test_what_was_hidden_is_told():
    found = []
    Redactor().inside({"password": "a", "credentials": {"k": ["b", 1]}, "url": "http://u:p@h"}, found)
    assert found == ["a", "b", 1, "u:p"]


def test_own_patterns_and_exceptions():
    redactor = Redactor(("customer*", "value:ACME-[0-9]{4}"), ("license_key", "value:sk-.*"))
    assert redactor.value("clf__customer_id", 17) == "***"
    assert redactor.value("note", "of ACME-1234") == "of ***"
    assert redactor.text("customer_name='Bob', x=1") == "customer_name='***', x=1"
    assert redactor.value("license_key", "abc") == "abc"
    assert redactor.value("note", KEYS["OpenAI"]) == KEYS["OpenAI"]
    assert redactor.value("password", "abc") == "***"


HOSTILE = {
    "letters": "a" * 10**6,
    "urls": "://" * 10**5,
    "user infos": "://a:" * 10**4 + "@",
    "json web tokens": "eyJ" * 10**5,
    "halves of them": "eyJaaaaaaaaaaaa.eyJ" * 10**4,
    "private keys": "-----BEGIN PRIVATE KEY-----" * 10**4,
    "brackets": "password=(" * 10**5,
    "quotes": "password='" * 10**5,
    "spaces": "password" + " " * 10**6,
    "options": "--token-" * 10**5,
    "dashes": "-" * 10**6,
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.series
def test_the_work_grows_with_the_length_of_the_text(kind):
    Redactor().text(HOSTILE[kind])  # with its square, this test would not end
