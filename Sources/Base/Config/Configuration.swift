/// Everything that an operator can set, typed and checked.
public struct Configuration: Sendable {
    /// Where the program runs.
    public enum Environment: Sendable {
        /// On somebody's desk: friendly defaults.
        case development
        /// Where it matters: nothing unsafe is let pass.
        case production
    }

    /// How log lines look.
    public enum LogFormat: Sendable {
        /// Text where a terminal reads it, JSON everywhere else.
        case automatic
        /// One JSON object a line.
        case json
        /// Text for people.
        case text
    }

    /// What is written to the log.
    public struct LogSettings: Sendable {
        /// The lowest level that is written.
        public var level = LogLevel.info
        /// How lines look.
        public var format = LogFormat.automatic
        /// Whether each request has a line.
        public var isAccessLogged = false
        /// How many bytes of lines may wait for a slow reader.
        public var bufferBytesMax = 0
    }

    /// Transport encryption; no paths, no encryption.
    public struct TLSSettings: Sendable {
        /// The file of the certificate chain, in PEM.
        public var certificate: String?
        /// The file of the private key, in PEM.
        public var key: String?
        /// The file of the authorities whose clients are let in, in PEM.
        public var clientAuthorities: String?
    }

    /// How Telegram is spoken with.
    public struct TelegramSettings: Sendable {
        /// Where the Bot API is: Telegram's own, a local server, or the simulator.
        public var apiURL = WebAddress.telegram
        /// How long Telegram holds a request for updates until some come.
        public var pollTimeout = Duration.seconds(50)
        /// How often webhooks are looked after.
        public var webhookCheck = Duration.seconds(60)
        /// Whether updates are taken from Telegram's own networks only.
        public var checksSource = false
        /// Whether programs on the Bot API endpoint may have updates delivered into our own networks.
        public var allowsPrivateHooks = false
        /// The largest file of a message that is fetched.
        public var fileBytesMax = 0
        /// How much of the disk fetched files may take.
        public var filesBytesMax = 0
    }

    /// How fast bots send.
    public struct SendingSettings: Sendable {
        /// Calls of one bot in a second.
        public var botPerSecond = 0
        /// The time that one message to a chat takes up.
        public var chatInterval = Duration.seconds(1)
        /// How many messages may go to a chat at once before that counts.
        public var chatBurst = 0
        /// Messages to one group in a minute.
        public var groupPerMinute = 0
        /// How long a program on the Bot API endpoint waits for its turn.
        public var endpointWait = Duration.seconds(4)
    }

    /// The Redis that nodes share.
    public struct RedisSettings: Sendable {
        /// Its URL, which may hold a password; nil where this node is alone.
        public var url: Secret?
        /// The file of the authorities that sign its certificate, in PEM.
        public var authorities: String?
        /// What stands before every key and channel.
        public var prefix = ""
    }

    /// The keys that stored secrets are encrypted with; at most one of the three is given.
    public struct EncryptionSettings: Sendable {
        /// One key, in 64 hexadecimal digits.
        public var key: Secret?
        /// Several keys with their numbers, the current one first.
        public var keys: Secret?
        /// The file of the keys.
        public var keyFile: String?
        /// How old the current key may become before health asks for another.
        public var rotateAfter = Duration.zero
    }

    /// Bounds for HTTP of any version.
    public struct HTTPSettings: Sendable {
        /// Bytes of all headers of a request.
        public var headerBytesMax = 0
        /// Number of headers of a request.
        public var headerCountMax = 0
        /// Bytes of a request's target.
        public var targetBytesMax = 0
        /// Bytes of a request's body.
        public var bodyBytesMax = 0
        /// How long a request's head may take.
        public var headerTimeout = Duration.zero
        /// How long a body may make no progress.
        public var bodyTimeout = Duration.zero
        /// How long a connection may be without a request.
        public var idleTimeout = Duration.zero
        /// How long a client may not read what it asked for.
        public var writeTimeout = Duration.zero
        /// How long a handler may take until its answer begins.
        public var handlerTimeout = Duration.zero
        /// Open connections in all.
        public var connectionsMax = 0
        /// Open connections of one address; nil for no such bound.
        public var connectionsPerAddressMax: Int?
        /// The proxies that are believed when they say for whom they ask.
        public var trustedProxies: [AddressRange] = []
        /// The origins whose pages may call the API from a browser.
        public var corsOrigins: [String] = []
    }

    /// Bounds for HTTP/2.
    public struct HTTP2Settings: Sendable {
        /// Streams that a client may have open at once.
        public var streamsMax = 0
        /// Bytes that a client may send on a stream before it is read.
        public var streamWindow = 0
        /// Bytes that a client may send on all streams before they are read.
        public var connectionWindow = 0
        /// Streams that a client may go on resetting each second, once it has reset five times as many.
        public var resetsPerSecondMax = 0
        /// PING, SETTINGS and empty frames that a client may go on sending each second, after five times as many.
        public var controlsPerSecondMax = 0
    }

    /// Bounds for WebSocket.
    public struct WebSocketSettings: Sendable {
        /// Bytes of a message, after it is decompressed.
        public var messageBytesMax = 0
        /// After so long a silence a client is pinged; after as long again without an answer it counts as gone.
        public var pingInterval = Duration.zero
        /// How long a client may take to answer a close.
        public var closeTimeout = Duration.zero
        /// Bytes that may wait for a slow client before it is cut off.
        public var sendBufferMax = 0
        /// Whether messages may be compressed.
        public var isCompressed = true
    }

    /// How much callers and addresses may ask for.
    public struct LimitSettings: Sendable {
        /// Whether requests are counted.
        public var isEnabled = true
        /// Requests each second of one caller that is signed in.
        public var callerPerSecond = 0
        /// Requests at once of one caller that is signed in.
        public var callerBurst = 0
        /// Requests each second of one address, of nobody in particular.
        public var addressPerSecond = 0
        /// Requests at once of one address, of nobody in particular.
        public var addressBurst = 0
        /// Attempts to sign in each minute from one address.
        public var signInPerMinute = 0
        /// Attempts to sign in at once from one address.
        public var signInBurst = 0
        /// Wrong credentials each minute from one address.
        public var wrongCredentialsPerMinute = 0
        /// Wrong credentials at once from one address.
        public var wrongCredentialsBurst = 0
        /// How many interactive requests a bulk request stands for.
        public var bulkCost = 0
        /// The part of a budget that bulk requests leave to interactive ones.
        public var bulkReservePercent = 0
        /// The part of a budget beyond which answers warn.
        public var warningPercent = 0
        /// How long a request beyond its budget may be held up.
        public var delayMax = Duration.zero
        /// Requests that are held up at the same time.
        public var delayedMax = 0
        /// Refusals within a minute after which a caller is blocked; 0 blocks nobody.
        public var blockAfter = 0
        /// How long the first block lasts.
        public var blockFirst = Duration.zero
        /// How long a block lasts at most.
        public var blockMax = Duration.zero
    }

    /// The file that was read, where there was one.
    public internal(set) var file: String?
    /// Where the server listens.
    public var listen: [ListenAddress] = []
    /// The folder for what is kept.
    public var data = ""
    /// The database; nil for a file of SQLite in the data folder.
    public var database: DatabaseAddress?
    /// Where the program runs.
    public var environment = Environment.development
    /// The address under which clients reach the server.
    public var publicURL: WebAddress?
    /// How many event loops run; nil for one a core.
    public var loops: Int?
    /// How long work in flight may take once the server is told to stop.
    public var shutdownDeadline = Duration.zero
    /// Whether the endpoints for benchmarks answer.
    public var isBench = false
    /// What is written to the log.
    public var log = LogSettings()
    /// Transport encryption.
    public var tls = TLSSettings()
    /// The Redis that nodes share.
    public var redis = RedisSettings()
    /// The keys that stored secrets are encrypted with.
    public var encryption = EncryptionSettings()
    /// Bounds for HTTP of any version.
    public var http = HTTPSettings()
    /// Bounds for HTTP/2.
    public var http2 = HTTP2Settings()
    /// Bounds for WebSocket.
    public var webSocket = WebSocketSettings()
    /// How Telegram is spoken with.
    public var telegram = TelegramSettings()
    /// How fast bots send.
    public var sending = SendingSettings()
    /// How much callers and addresses may ask for.
    public var limits = LimitSettings()

    /// Every setting with its value as text and where that came from, in the order of the table.
    public internal(set) var resolved: [ResolvedSetting] = []

    /// Only `parse` makes one, so that none has values that no source gave.
    init() {}
}

/// A setting with its value and where that came from.
public struct ResolvedSetting: Sendable {
    /// Where a value came from, the weakest first.
    public enum Source: String, Sendable {
        /// The table of settings.
        case standard = "default"
        /// The file.
        case file
        /// An environment variable.
        case environment
        /// A flag.
        case flag
    }

    /// The row of the table.
    public let setting: Setting
    /// Where the value came from.
    public let source: Source
    /// The value as text, a secret one included.
    let text: String

    /// The value as text; the mask where it is secret.
    public var shownText: String { setting.isSecret && !text.isEmpty ? Secret.mask : text }
}
