"""An ordinary bot on python-telegram-bot: ptb_bot.py --base URL --token TOKEN --mode polling|webhook [--port PORT]."""

import argparse
import hashlib
import logging

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto, Update
from telegram.constants import ParseMode
from telegram.ext import (
    Application, CallbackQueryHandler, CommandHandler, ContextTypes, ConversationHandler, MessageHandler, filters)

SECRET = "a-secret_of-the-bot"
NAME, AGE = range(2)
Context = ContextTypes.DEFAULT_TYPE


async def start(update: Update, context: Context):
    await update.message.reply_text(f"<b>Welcome</b>, {update.effective_user.first_name}!", parse_mode=ParseMode.HTML)


async def menu(update: Update, context: Context):
    buttons = [[InlineKeyboardButton(colour.title(), callback_data=f"colour:{colour}")] for colour in ("red", "blue")]
    await update.message.reply_text("Which colour?", reply_markup=InlineKeyboardMarkup(buttons))


async def chosen(update: Update, context: Context):
    colour = update.callback_query.data.split(":")[1]
    await update.callback_query.answer(f"You chose {colour}")
    await update.callback_query.edit_message_text(f"Chosen: {colour}")


async def delete(update: Update, context: Context):
    short = await update.message.reply_text("soon gone")
    await short.delete()
    await update.message.reply_text("deleted")


async def album(update: Update, context: Context):
    picture = context.bot_data.get("picture", b"")
    photos = [InputMediaPhoto(picture, caption=text, filename=f"{text}.png") for text in ("one", "two")]
    await update.message.reply_media_group(photos)


async def register(update: Update, context: Context):
    await update.message.reply_text("What is your name?")
    return NAME


async def take_name(update: Update, context: Context):
    context.user_data["name"] = update.message.text
    await update.message.reply_text(f"How old are you, {update.message.text}?")
    return AGE


async def take_age(update: Update, context: Context):
    if not update.message.text.isdigit():
        await update.message.reply_text("A number, please.")
        return AGE
    await update.message.reply_text(f"{context.user_data['name']} is {update.message.text}")
    return ConversationHandler.END


async def photo(update: Update, context: Context):
    file = await update.message.photo[-1].get_file()
    data = bytes(await file.download_as_bytearray())
    context.bot_data["picture"] = data
    await update.message.reply_text(
        f"photo {len(data)} {hashlib.sha256(data).hexdigest()}", reply_to_message_id=update.message.message_id)
    await update.message.reply_photo(data, caption="here it is", filename="back.png")


async def edited(update: Update, context: Context):
    await update.edited_message.reply_text(f"edited: {update.edited_message.text}")


async def echo(update: Update, context: Context):
    await update.message.reply_text(f"echo: {update.message.text}", reply_to_message_id=update.message.message_id)


async def prepare(application: Application):
    await application.bot.set_my_commands([("start", "Begin")])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--mode", choices=("polling", "webhook"), required=True)
    parser.add_argument("--port", type=int)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    application = (
        Application.builder().token(options.token).base_url(f"{options.base}/bot")
        .base_file_url(f"{options.base}/file/bot").post_init(prepare).build())
    new = filters.UpdateType.MESSAGE
    text = filters.TEXT & ~filters.COMMAND & new
    application.add_handler(ConversationHandler(
        [CommandHandler("register", register)],
        {NAME: [MessageHandler(text, take_name)], AGE: [MessageHandler(text, take_age)]}, []))
    for name, handler in {"start": start, "menu": menu, "delete": delete, "album": album}.items():
        application.add_handler(CommandHandler(name, handler))
    application.add_handler(CallbackQueryHandler(chosen, pattern="^colour:"))
    application.add_handler(MessageHandler(filters.UpdateType.EDITED_MESSAGE, edited))
    application.add_handler(MessageHandler(filters.PHOTO & new, photo))
    application.add_handler(MessageHandler(text, echo))
    if options.mode == "polling":
        application.run_polling(allowed_updates=Update.ALL_TYPES)
    else:
        application.run_webhook(
            listen="127.0.0.1", port=options.port, url_path="hook", secret_token=SECRET,
            webhook_url=f"http://127.0.0.1:{options.port}/hook", allowed_updates=Update.ALL_TYPES)


if __name__ == "__main__":
    main()
