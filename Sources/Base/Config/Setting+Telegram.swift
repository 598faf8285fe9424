extension Setting {
    /// How Telegram is spoken with.
    static let telegram: [Setting] = [
        Setting(
            "telegram_api_url", .url, default: "https://api.telegram.org",
            "Where the Bot API is: Telegram's own, a local Bot API server, or `heliograph sim`.",
            variable: "TELEGRAM_API_URL"
        ) { $0.telegram.apiURL = $1 },
        Setting(
            "telegram.poll_timeout", .duration(.zero ... .seconds(50)), default: "50s",
            "How long Telegram holds a request for a bot's updates until some come."
        ) { $0.telegram.pollTimeout = $1 },
        Setting(
            "telegram.webhook_check", .duration(.seconds(1) ... .seconds(86_400)), default: "1m",
            "How often Telegram is asked whether it can deliver to the webhooks of bots."
        ) { $0.telegram.webhookCheck = $1 },
        Setting(
            "telegram.check_source", .bool, default: "false",
            "Takes updates from Telegram's own networks only; behind a proxy that needs http.trusted_proxies."
        ) { $0.telegram.checksSource = $1 },
        Setting(
            "telegram.private_hooks", .bool, default: "false",
            "Lets programs on the Bot API endpoint have updates delivered to loopback and private addresses."
        ) { $0.telegram.allowsPrivateHooks = $1 },
        Setting(
            "telegram.file_max", .size(1024...(4 << 30)), default: "50MiB",
            "The largest file of a message that is fetched."
        ) { $0.telegram.fileBytesMax = $1 },
        Setting(
            "telegram.files_max", .size(1024...(1 << 40)), default: "1GiB",
            "How much of the disk fetched files may take; those that nobody asked for longest go first."
        ) { $0.telegram.filesBytesMax = $1 },
    ]

    /// How fast bots send.
    static let sending: [Setting] = [
        Setting(
            "sending.bot_per_second", .int(1...100_000), default: "30",
            "Calls of one bot in a second; Telegram publishes 30."
        ) { $0.sending.botPerSecond = $1 },
        Setting(
            "sending.chat_interval", .duration(.zero ... .seconds(60)), default: "1s",
            "The time that one message to a chat takes up; Telegram publishes a second."
        ) { $0.sending.chatInterval = $1 },
        Setting(
            "sending.chat_burst", .int(1...10_000), default: "3",
            "How many messages may go to a chat at once before that counts."
        ) { $0.sending.chatBurst = $1 },
        Setting(
            "sending.group_per_minute", .int(1...1_000_000), default: "20",
            "Messages to one group in a minute; Telegram publishes 20."
        ) { $0.sending.groupPerMinute = $1 },
        Setting(
            "sending.endpoint_wait", .duration(.zero ... .seconds(50)), default: "4s",
            "How long a call on the Bot API endpoint waits for its turn before it is answered 429; clients often wait 5 seconds."
        ) { $0.sending.endpointWait = $1 },
    ]
}
