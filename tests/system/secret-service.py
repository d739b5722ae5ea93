#!/usr/bin/python3
"""A Secret Service of our own, that can be told to misbehave.

    secret-service.py [--locked] [--no-default] [--items N]
                      [--state FILE] [--log FILE] [--trouble SPEC]...

Takes the name org.freedesktop.secrets on the session bus, and prints "ready"
on a line once it has it. It speaks sessions without encryption alone. Ends
when the bus does.

--locked      its one collection is locked; unlocking it takes a prompt, and
              that never comes to an end
--no-default  there is no default collection
--items N     N items of somebody else are there from the beginning
--state FILE  keeps the items there, for the next one
--log FILE    a line for each call: its number, its name, the object's path
--trouble     SPEC is KIND=WHICH. WHICH is a method's name, #N for the N-th
              call (of any name), or * for every one. KIND is

    hang        no answer, until it is told to let go
    die         ends at this call, before it takes effect
    die-after   ends after it has taken effect, without an answer
    error       answers with an error
    prompt      answers with a prompt, where the method can; nothing is done

Told by methods of the interface ai.parallel.Test, at any path:

    Trouble(s)  these from now on, separated by blanks; calls count anew
    Release()   what hangs takes effect and is answered; nothing hangs again
    Lock(b)     the collection is locked, or unlocked
"""
import argparse
import json
import os
import sys
import time

import dbus
import dbus.lowlevel
import dbus.mainloop.glib
from gi.repository import GLib

ROOT = "/org/freedesktop/secrets"
COLLECTION = ROOT + "/collection/test"
DEFAULT = ROOT + "/aliases/default"
SESSION = ROOT + "/session/1"
PROMPT = ROOT + "/prompt/1"
NONE = dbus.ObjectPath("/")
HANDLED = dbus.lowlevel.HANDLER_RESULT_HANDLED
NOT_YET = dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
ERROR = "org.freedesktop.DBus.Error."
LOCKED = "org.freedesktop.Secret.Error.IsLocked"
ITEM = "org.freedesktop.Secret.Item."


class Refusal(Exception):
    """An answer that is an error."""


def path(text):
    return dbus.ObjectPath(text)


def paths(texts):
    return dbus.Array([path(each) for each in texts], signature="o")


class Service:
    def __init__(self, options, bus):
        self.bus = bus
        self.locked = options.locked
        self.default = not options.no_default
        self.state = options.state
        self.log = open(options.log, "a", buffering=1) if options.log else None
        self.items = {}
        self.next = 1
        self.hung = []
        self.arm(options.trouble)
        if self.state and os.path.exists(self.state):
            with open(self.state) as file:
                self.items = json.load(file)
            for each in self.items:
                self.next = max(self.next, int(each.split("/")[-1]) + 1)
        for number in range(options.items):
            self.put({"xdg:schema": "org.example.Other", "n": str(number)},
                     "somebody else's", b"not yours", "text/plain")

    # ---- trouble ----------------------------------------------------------

    def arm(self, specs):
        self.count = 0
        self.trouble = [spec.split("=", 1) for spec in specs]

    def kind_of_trouble(self, member):
        for kind, which in self.trouble:
            if which in ("*", member, "#%d" % self.count):
                return kind
        return ""

    def filter(self, _connection, message):
        if not isinstance(message, dbus.lowlevel.MethodCallMessage):
            return NOT_YET
        member = message.get_member()
        if message.get_interface() == "ai.parallel.Test":
            self.told(message, member)
            return HANDLED
        self.count += 1
        if self.log:
            self.log.write("%d %s %s\n" % (self.count, member,
                                           message.get_path()))
        kind = self.kind_of_trouble(member)
        if member == "Prompt":
            pass  # nobody is there to answer it
        elif kind == "hang":
            self.hung.append(message)
        elif kind == "die":
            os._exit(1)
        elif kind == "error":
            self.refuse(message, ERROR + "Failed", "out of order")
        elif kind == "prompt" and member in PROMPTS:
            self.answer(message, *PROMPTS[member])
        else:
            self.carry_out(message, kind == "die-after")
        return HANDLED

    def told(self, message, member):
        if member == "Trouble":
            self.arm(message.get_args_list()[0].split())
        elif member == "Lock":
            self.locked = bool(message.get_args_list()[0])
        elif member == "Release":
            self.trouble = [each for each in self.trouble
                            if each[0] != "hang"]
            for each in self.hung:
                self.carry_out(each, False)
            self.hung = []
        self.answer(message, "")

    # ---- answers ----------------------------------------------------------

    def answer(self, message, signature, *values):
        if message.get_no_reply():
            return
        reply = dbus.lowlevel.MethodReturnMessage(message)
        if signature:
            reply.append(*values, signature=signature)
        self.bus.send_message(reply)

    def refuse(self, message, name, text):
        self.bus.send_message(dbus.lowlevel.ErrorMessage(message, name, text))

    def carry_out(self, message, then_die):
        method = METHODS.get(message.get_member())
        try:
            if not method:
                raise Refusal("UnknownMethod", "no such method")
            result = method(self, message.get_path(),
                            *message.get_args_list(byte_arrays=True))
        except Refusal as refusal:
            name, text = refusal.args
            if "." not in name:
                name = ERROR + name
            self.refuse(message, name, text)
            return
        if self.state:
            with open(self.state + ".new", "w") as file:
                json.dump(self.items, file)
            os.rename(self.state + ".new", self.state)
        if then_die:
            os._exit(1)
        self.answer(message, *result)

    # ---- what is kept -----------------------------------------------------

    def matching(self, attributes):
        wanted = {str(k): str(v) for k, v in attributes.items()}
        return [each for each, item in sorted(self.items.items())
                if wanted.items() <= item["attributes"].items()]

    def put(self, attributes, label, secret, content_type):
        name = "%s/%d" % (COLLECTION, self.next)
        self.next += 1
        self.items[name] = {"created": int(time.time())}
        self.change(name, attributes, label, secret, content_type)
        return name

    def change(self, name, attributes, label, secret, content_type):
        self.items[name].update(
            attributes={str(k): str(v) for k, v in attributes.items()},
            label=str(label), secret=bytes(secret).decode("latin-1"),
            type=str(content_type), modified=int(time.time()))

    def item(self, name):
        if name not in self.items:
            raise Refusal("UnknownObject", "no such item")
        return self.items[name]

    def must_be_open(self):
        if self.locked:
            raise Refusal(LOCKED, "the collection is locked")

    def secret(self, name):
        item = self.item(name)
        return dbus.Struct(
            (path(SESSION), dbus.ByteArray(b""),
             dbus.ByteArray(item["secret"].encode("latin-1")),
             item["type"]),
            signature="oayays")

    # ---- the service's methods --------------------------------------------

    def open_session(self, _path, algorithm, _input):
        if algorithm != "plain":
            raise Refusal("NotSupported", "plain alone")
        return "vo", dbus.String("", variant_level=1), path(SESSION)

    def search_items(self, at, attributes):
        found = self.matching(attributes)
        if at != ROOT:
            return "ao", paths(found)
        if self.locked:
            return "aoao", paths([]), paths(found)
        return "aoao", paths(found), paths([])

    def unlock(self, _path, objects):
        if self.locked:
            return "aoo", paths([]), path(PROMPT)
        return "aoo", paths(objects), NONE

    def lock(self, _path, objects):
        self.locked = True
        return "aoo", paths(objects), NONE

    def get_secrets(self, _path, objects, _session):
        self.must_be_open()
        return "a{o(oayays)}", dbus.Dictionary(
            {path(each): self.secret(each) for each in objects},
            signature="o(oayays)")

    def read_alias(self, _path, name):
        there = name == "default" and self.default
        return "o", path(COLLECTION if there else "/")

    def set_alias(self, *_arguments):
        return ("",)

    def create_collection(self, *_arguments):
        return "oo", NONE, path(PROMPT)

    def create_item(self, at, properties, secret, replace):
        if at == DEFAULT and not self.default:
            raise Refusal("UnknownObject", "no default collection")
        self.must_be_open()
        attributes = properties.get(ITEM + "Attributes", {})
        label = properties.get(ITEM + "Label", "")
        same = [each for each in self.matching(attributes)
                if len(self.items[each]["attributes"]) == len(attributes)]
        if replace and same:
            self.change(same[0], attributes, label, secret[2], secret[3])
            return "oo", path(same[0]), NONE
        name = self.put(attributes, label, secret[2], secret[3])
        return "oo", path(name), NONE

    def get_secret(self, at, _session):
        self.item(at)
        self.must_be_open()
        return "(oayays)", self.secret(at)

    def set_secret(self, at, secret):
        item = self.item(at)
        self.must_be_open()
        self.change(at, item["attributes"], item["label"], secret[2],
                    secret[3])
        return ("",)

    def delete(self, at):
        self.item(at)
        if self.locked:
            return "o", path(PROMPT)
        del self.items[at]
        return "o", NONE

    def nothing(self, *_arguments):
        return ("",)

    def introspect(self, _path):
        return "s", "<node/>"

    # ---- properties -------------------------------------------------------

    def properties(self, at):
        if at == ROOT:
            return {"Collections": paths([COLLECTION])}
        if at == DEFAULT and not self.default:
            raise Refusal("UnknownObject", "no default collection")
        if at in (COLLECTION, DEFAULT):
            return {"Items": paths(sorted(self.items)),
                    "Label": dbus.String("Test"),
                    "Locked": dbus.Boolean(self.locked),
                    "Created": dbus.UInt64(1),
                    "Modified": dbus.UInt64(1)}
        item = self.item(at)
        return {"Locked": dbus.Boolean(self.locked),
                "Attributes": dbus.Dictionary(item["attributes"],
                                              signature="ss"),
                "Label": dbus.String(item["label"]),
                "Type": dbus.String(item["type"]),
                "Created": dbus.UInt64(item["created"]),
                "Modified": dbus.UInt64(item["modified"])}

    def get(self, at, _interface, name):
        properties = self.properties(at)
        if name not in properties:
            raise Refusal("UnknownProperty", "no such property")
        return "v", properties[name]

    def get_all(self, at, _interface):
        return "a{sv}", dbus.Dictionary(self.properties(at), signature="sv")

    def set(self, at, _interface, name, value):
        item = self.item(at)
        self.must_be_open()
        if name == "Label":
            item["label"] = str(value)
        elif name == "Attributes":
            item["attributes"] = {str(k): str(v) for k, v in value.items()}
        return ("",)


METHODS = {
    "OpenSession": Service.open_session,
    "SearchItems": Service.search_items,
    "Unlock": Service.unlock,
    "Lock": Service.lock,
    "GetSecrets": Service.get_secrets,
    "ReadAlias": Service.read_alias,
    "SetAlias": Service.set_alias,
    "CreateCollection": Service.create_collection,
    "CreateItem": Service.create_item,
    "GetSecret": Service.get_secret,
    "SetSecret": Service.set_secret,
    "Delete": Service.delete,
    "Close": Service.nothing,
    "Ping": Service.nothing,
    "Dismiss": Service.nothing,
    "Introspect": Service.introspect,
    "Get": Service.get,
    "GetAll": Service.get_all,
    "Set": Service.set,
}
PROMPTS = {
    "Unlock": ("aoo", paths([]), path(PROMPT)),
    "Lock": ("aoo", paths([]), path(PROMPT)),
    "CreateItem": ("oo", NONE, path(PROMPT)),
    "CreateCollection": ("oo", NONE, path(PROMPT)),
    "Delete": ("o", path(PROMPT)),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--locked", action="store_true")
    parser.add_argument("--no-default", action="store_true")
    parser.add_argument("--items", type=int, default=0)
    parser.add_argument("--state")
    parser.add_argument("--log")
    parser.add_argument("--trouble", action="append", default=[])
    options = parser.parse_args()
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.SessionBus()
    loop = GLib.MainLoop()
    bus.call_on_disconnection(lambda _connection: loop.quit())
    bus.add_message_filter(Service(options, bus).filter)
    if bus.request_name("org.freedesktop.secrets", 4) != 1:
        sys.exit("secret-service.py: somebody has that name")
    print("ready", flush=True)
    loop.run()


main()
