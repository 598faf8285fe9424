"""An ordinary bot on aiogram: aiogram_bot.py --base URL --token TOKEN --mode polling|webhook [--port PORT]."""

import argparse
import asyncio
import hashlib
import io
import logging

from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import Command, CommandStart
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import (
    BotCommand, BufferedInputFile, CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto, Message)
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web

SECRET = "a-secret_of-the-bot"
router = Router()


class Registration(StatesGroup):
    name = State()
    age = State()


@router.message(CommandStart())
async def start(message: Message):
    await message.answer(f"<b>Welcome</b>, {message.from_user.first_name}!")


@router.message(Command("menu"))
async def menu(message: Message):
    buttons = [
        [InlineKeyboardButton(text=colour.title(), callback_data=f"colour:{colour}")] for colour in ("red", "blue")]
    await message.answer("Which colour?", reply_markup=InlineKeyboardMarkup(inline_keyboard=buttons))


@router.callback_query(F.data.startswith("colour:"))
async def chosen(query: CallbackQuery):
    colour = query.data.split(":")[1]
    await query.answer(f"You chose {colour}")
    await query.message.edit_text(f"Chosen: {colour}")


@router.message(Command("delete"))
async def delete(message: Message):
    short = await message.reply("soon gone")
    await short.delete()
    await message.answer("deleted")


@router.message(Command("album"))
async def album(message: Message, picture: bytes):
    photos = [InputMediaPhoto(media=BufferedInputFile(picture, f"{text}.png"), caption=text) for text in ("one", "two")]
    await message.answer_media_group(photos)


@router.message(Command("register"))
async def register(message: Message, state: FSMContext):
    await state.set_state(Registration.name)
    await message.answer("What is your name?")


@router.message(Registration.name)
async def take_name(message: Message, state: FSMContext):
    await state.update_data(name=message.text)
    await state.set_state(Registration.age)
    await message.answer(f"How old are you, {message.text}?")


@router.message(Registration.age)
async def take_age(message: Message, state: FSMContext):
    if not message.text.isdigit():
        await message.answer("A number, please.")
        return
    data = await state.get_data()
    await state.clear()
    await message.answer(f"{data['name']} is {message.text}")


@router.message(F.photo)
async def photo(message: Message, bot: Bot, album_picture: dict):
    content = io.BytesIO()
    await bot.download(message.photo[-1], content)
    data = content.getvalue()
    album_picture["picture"] = data
    await message.reply(f"photo {len(data)} {hashlib.sha256(data).hexdigest()}")
    await message.answer_photo(BufferedInputFile(data, "back.png"), caption="here it is")


@router.edited_message()
async def edited(message: Message):
    await message.answer(f"edited: {message.text}")


@router.message(F.text)
async def echo(message: Message):
    await message.reply(f"echo: {message.text}")


async def prepare(bot: Bot):
    await bot.set_my_commands([BotCommand(command="start", description="Begin")])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--mode", choices=("polling", "webhook"), required=True)
    parser.add_argument("--port", type=int)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    session = AiohttpSession(api=TelegramAPIServer.from_base(options.base))
    bot = Bot(options.token, session=session, default=DefaultBotProperties(parse_mode="HTML"))
    dispatcher = Dispatcher()
    pictures = {}

    @router.message.middleware()
    async def pass_picture(handler, event, data):
        return await handler(event, data | {"picture": pictures.get("picture", b""), "album_picture": pictures})

    dispatcher.include_router(router)
    dispatcher.startup.register(prepare)
    if options.mode == "polling":
        asyncio.run(dispatcher.start_polling(bot))
        return

    async def set_webhook(bot: Bot):
        await bot.set_webhook(
            f"http://127.0.0.1:{options.port}/hook", secret_token=SECRET,
            allowed_updates=dispatcher.resolve_used_update_types())

    dispatcher.startup.register(set_webhook)
    application = web.Application()
    SimpleRequestHandler(dispatcher=dispatcher, bot=bot, secret_token=SECRET).register(application, path="/hook")
    setup_application(application, dispatcher, bot=bot)
    web.run_app(application, host="127.0.0.1", port=options.port, print=None)


if __name__ == "__main__":
    main()
