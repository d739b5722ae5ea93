#!/usr/bin/python3
"""Another program of the person's, that uses the Secret Service.

    secret-client.py list           the items of ai.parallel.Credential, one
                                    JSON object a line: label, attributes,
                                    secret, type, locked
    secret-client.py put TYPE       the one item of them gets what stands on
                                    standard input as its secret
    secret-client.py replace LABEL  it is deleted, and another one comes in
                                    its place, with the same attributes
    secret-client.py delete         all of them

Speaks encrypted sessions, through python3-secretstorage. Never unlocks.
"""
import contextlib
import json
import sys

import secretstorage

OURS = {"xdg:schema": "ai.parallel.Credential"}


def shown(item):
    locked = item.is_locked()
    return {"label": item.get_label(), "attributes": item.get_attributes(),
            "locked": locked,
            "secret": None if locked else item.get_secret().decode(),
            "type": None if locked else item.get_secret_content_type()}


def main(verb, word=""):
    with contextlib.closing(secretstorage.dbus_init()) as bus:
        items = list(secretstorage.search_items(bus, OURS))
        if verb == "list":
            for item in items:
                print(json.dumps(shown(item)))
        elif verb == "put":
            items[0].set_secret(sys.stdin.buffer.read(), word)
        elif verb == "replace":
            collection = secretstorage.Collection(bus)
            attributes = items[0].get_attributes()
            # To its end first: whoever writes it may be reading the old one.
            secret = sys.stdin.buffer.read()
            items[0].delete()
            collection.create_item(word, attributes, secret)
        elif verb == "delete":
            for item in items:
                item.delete()
        else:
            sys.exit(__doc__)


main(*sys.argv[1:])
