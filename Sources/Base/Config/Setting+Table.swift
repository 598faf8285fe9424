extension Setting {
    /// The table of settings: whatever can be set stands here and nowhere else.
    public static let table: [Setting] =
        general + logging + encryption + vault + redis + telegram + sending + http + http2 + webSocket
        + limits

    private static let general: [Setting] = [
        Setting(
            "config", .pathOrNothing, default: "",
            "The JSON file with further settings; weaker than environment and flags."
        ) { $0.file = $1 },
        Setting(
            "listen", .listen, default: "127.0.0.1:8080",
            "Where the server listens: addresses with ports, or unix:/path."
        ) { $0.listen = $1 },
        Setting("data", .path, default: "./data", "The folder for what is kept.") { $0.data = $1 },
        Setting(
            "database_url", .databaseOrNothing, default: "",
            "The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; without it a file of SQLite in the data folder.",
            variable: "DATABASE_URL"
        ) { $0.database = $1 },
        Setting(
            "env", .word([("development", .development), ("production", .production)]),
            default: "development",
            "Where the program runs."
        ) { $0.environment = $1 },
        Setting(
            "public_url", .urlOrNothing, default: "", "The address under which clients reach the server."
        ) { $0.publicURL = $1 },
        Setting(
            "loops", .int(0...256), default: "0",
            "How many event loops run; 0 for one for each processor that the process may use."
        ) { $0.loops = $1 == 0 ? nil : $1 },
        Setting(
            "shutdown_deadline", .duration(.zero ... .seconds(3600)), default: "15s",
            "How long work in flight may take once the server is told to stop."
        ) { $0.shutdownDeadline = $1 },
        Setting(
            "bench", .bool, default: "false", "Answers the endpoints for benchmarks, without authentication."
        ) {
            $0.isBench = $1
        },
    ]

    private static let logging: [Setting] = [
        Setting(
            "log.level", .word(LogLevel.allCases.map { ($0.name, $0) }), default: "info",
            "The lowest level that is written to the log.", reloadable: true
        ) { $0.log.level = $1 },
        Setting(
            "log.format", .word([("auto", .automatic), ("json", .json), ("text", .text)]), default: "auto",
            "How log lines look; auto is text on a terminal and JSON elsewhere."
        ) { $0.log.format = $1 },
        Setting(
            "log.access", .bool, default: "false",
            "Writes a line for each request; what fails in the server always is."
        ) {
            $0.log.isAccessLogged = $1
        },
        Setting(
            "log.buffer_max", .size(4096...(1 << 30)), default: "1MiB",
            "How much may wait for a slow reader of the log before lines are dropped."
        ) { $0.log.bufferBytesMax = $1 },
    ]

    private static let encryption: [Setting] = [
        Setting(
            "tls.cert", .pathOrNothing, default: "", "The certificate chain, a PEM file.", reloadable: true
        ) {
            $0.tls.certificate = $1
        },
        Setting("tls.key", .pathOrNothing, default: "", "The private key, a PEM file.", reloadable: true) {
            $0.tls.key = $1
        },
        Setting(
            "tls.client_ca", .pathOrNothing, default: "",
            "The authorities whose clients are let in, a PEM file; without it no client needs a certificate.",
            reloadable: true
        ) { $0.tls.clientAuthorities = $1 },
    ]

    private static let redis: [Setting] = [
        Setting(
            "redis_url", SettingKind<Secret>.secret.orNothing(), default: "",
            "The Redis that nodes share: redis://, rediss:// with TLS, redis+cluster://; without it this node is alone.",
            variable: "REDIS_URL"
        ) { $0.redis.url = $1 },
        Setting(
            "redis.tls_ca", .pathOrNothing, default: "",
            "The authorities that sign Redis's certificate, a PEM file; without it the system's."
        ) { $0.redis.authorities = $1 },
        Setting(
            "redis.prefix", .word, default: "heliograph:",
            "What stands before every key and channel, so that others may use the same Redis."
        ) { $0.redis.prefix = $1 },
    ]

    private static let vault: [Setting] = [
        Setting(
            "encryption_key", .encryptionKeyOrNothing, default: "",
            "The key that stored secrets are encrypted with; without any key, development makes one in the data folder.",
            variable: "ENCRYPTION_KEY"
        ) { $0.encryption.key = $1 },
        Setting(
            "encryption_keys", .secretOrNothing, default: "",
            "Several such keys, each as its number, a colon and 64 hexadecimal digits, parted by commas; the first is the current one.",
            variable: "ENCRYPTION_KEYS"
        ) { $0.encryption.keys = $1 },
        Setting(
            "encryption_key_file", .pathOrNothing, default: "",
            "A file with such keys, one a line, which only its owner can read."
        ) { $0.encryption.keyFile = $1 },
        Setting(
            "vault.rotate_after", .duration(.seconds(3600) ... .seconds(3650 * 86_400)), default: "30d",
            "How old the current key may become before health asks for another."
        ) { $0.encryption.rotateAfter = $1 },
    ]

    private static let timeout = SettingKind<Duration>.duration(.milliseconds(1) ... .seconds(86_400))

    private static let http: [Setting] = [
        Setting(
            "http.header_bytes_max", .size(1024...(1 << 20)), default: "32KiB",
            "Bytes of all headers of a request."
        ) { $0.http.headerBytesMax = $1 },
        Setting("http.header_count_max", .int(8...10_000), default: "128", "Number of headers of a request.")
        {
            $0.http.headerCountMax = $1
        },
        Setting(
            "http.target_bytes_max", .size(64...(1 << 20)), default: "8KiB",
            "Bytes of a request's target (path and query)."
        ) { $0.http.targetBytesMax = $1 },
        Setting(
            "http.body_bytes_max", .size(0...(1 << 40)), default: "16MiB", "Bytes of a request's body."
        ) { $0.http.bodyBytesMax = $1 },
        Setting("http.header_timeout", timeout, default: "10s", "How long a request's head may take.") {
            $0.http.headerTimeout = $1
        },
        Setting(
            "http.body_timeout", timeout, default: "30s",
            "How long a request's body may take, beyond one second more for each KiB that has come."
        ) { $0.http.bodyTimeout = $1 },
        Setting(
            "http.idle_timeout", timeout, default: "75s", "How long a connection may be without a request."
        ) {
            $0.http.idleTimeout = $1
        },
        Setting("http.write_timeout", timeout, default: "30s", "How long a client may not read its answer.") {
            $0.http.writeTimeout = $1
        },
        Setting(
            "http.handler_timeout", timeout, default: "30s",
            "How long a handler may take until its answer begins."
        ) { $0.http.handlerTimeout = $1 },
        Setting("http.connections_max", .int(1...1_000_000), default: "20000", "Open connections in all.") {
            $0.http.connectionsMax = $1
        },
        Setting(
            "http.connections_per_address_max", .int(0...1_000_000), default: "0",
            "Open connections of one address; 0 for no such bound."
        ) { $0.http.connectionsPerAddressMax = $1 == 0 ? nil : $1 },
        Setting(
            "http.trusted_proxies", .networks, default: "",
            "The proxies in front of the server, whose X-Forwarded-For and X-Forwarded-Proto are believed."
        ) { $0.http.trustedProxies = $1 },
        Setting(
            "http.cors_origins", .origins, default: "",
            "The origins whose pages may call the API from a browser, such as https://example.org."
        ) { $0.http.corsOrigins = $1 },
    ]

    private static let http2: [Setting] = [
        Setting("http2.streams_max", .int(1...10_000), default: "128", "Streams that a client may have open.")
        {
            $0.http2.streamsMax = $1
        },
        Setting(
            "http2.stream_window", .size(65_535...(1 << 30)), default: "256KiB",
            "Bytes that a client may send on a stream before they are read."
        ) { $0.http2.streamWindow = $1 },
        Setting(
            "http2.connection_window", .size(65_535...(1 << 30)), default: "1MiB",
            "Bytes that a client may send on all streams before they are read."
        ) { $0.http2.connectionWindow = $1 },
        Setting(
            "http2.resets_per_second_max", .int(1...100_000), default: "100",
            "Streams that a client may go on resetting each second, once it has reset five times as many."
        ) { $0.http2.resetsPerSecondMax = $1 },
        Setting(
            "http2.controls_per_second_max", .int(1...100_000), default: "100",
            "PING, SETTINGS and empty frames that a client may go on sending each second, after five times as many."
        ) { $0.http2.controlsPerSecondMax = $1 },
    ]

    private static let webSocket: [Setting] = [
        Setting(
            "websocket.message_bytes_max", .size(126...(1 << 30)), default: "1MiB",
            "Bytes of a message, after it is decompressed."
        ) { $0.webSocket.messageBytesMax = $1 },
        Setting(
            "websocket.ping_interval", timeout, default: "25s",
            "After so long a silence a client is pinged; after as long again without an answer it counts as gone."
        ) { $0.webSocket.pingInterval = $1 },
        Setting(
            "websocket.close_timeout", timeout, default: "5s", "How long a client may take to answer a close."
        ) {
            $0.webSocket.closeTimeout = $1
        },
        Setting(
            "websocket.send_buffer_max", .size(4096...(1 << 30)), default: "4MiB",
            "Bytes that may wait for a slow client before it is left out of shared messages; others wait from 64KiB on."
        ) { $0.webSocket.sendBufferMax = $1 },
        Setting(
            "websocket.compress", .bool, default: "true", "Lets messages be compressed (permessage-deflate)."
        ) {
            $0.webSocket.isCompressed = $1
        },
    ]
}
