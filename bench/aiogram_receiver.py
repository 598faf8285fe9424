"""The receiver that people write first: aiogram on aiohttp, each update in SQLite before it is acknowledged."""

import json
import sqlite3
import sys

from aiogram import Bot, Dispatcher
from aiogram.types import Update
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web

port, path, secret = int(sys.argv[1]), sys.argv[2], sys.argv[3]
database = sqlite3.connect(path)
database.execute("PRAGMA journal_mode = WAL")
database.execute("PRAGMA synchronous = FULL")
database.execute("CREATE TABLE updates (id INTEGER PRIMARY KEY, chat INTEGER, payload TEXT)")
dispatcher = Dispatcher()


@dispatcher.update.outer_middleware()
async def store(_, update: Update, __):
    database.execute(
        "INSERT INTO updates VALUES (?, ?, ?)",
        (update.update_id, update.message.chat.id, update.model_dump_json(exclude_none=True)))
    database.commit()


async def health(_):
    return web.Response(text="ok")


application = web.Application()
application.router.add_get("/health", health)
SimpleRequestHandler(dispatcher, Bot("42:AAA"), handle_in_background=False, secret_token=secret).register(
    application, path="/webhook")
setup_application(application, dispatcher)
web.run_app(application, host="127.0.0.1", port=port, print=None, access_log=None)
