extension Setting {
    private static let rate = SettingKind<Int>.int(1...100_000)
    private static let percent = SettingKind<Int>.int(0...90)

    /// The part of the table about how much callers and addresses may ask for.
    static let limits: [Setting] = [
        Setting(
            "limits.enabled", .bool, default: "true", "Counts requests and limits them.", reloadable: true
        ) {
            $0.limits.isEnabled = $1
        },
        Setting(
            "limits.caller_per_second", rate, default: "100",
            "Requests each second of one caller that is signed in: a user, or a key.", reloadable: true
        ) { $0.limits.callerPerSecond = $1 },
        Setting(
            "limits.caller_burst", rate, default: "200",
            "Requests of such a caller at once, after a time of silence.", reloadable: true
        ) { $0.limits.callerBurst = $1 },
        Setting(
            "limits.address_per_second", rate, default: "20",
            "Requests each second of one address (IPv6: of its /64) where nobody is signed in.",
            reloadable: true
        ) { $0.limits.addressPerSecond = $1 },
        Setting(
            "limits.address_burst", rate, default: "60",
            "Requests of such an address at once, after a time of silence.", reloadable: true
        ) { $0.limits.addressBurst = $1 },
        Setting(
            "limits.sign_in_per_minute", rate, default: "5",
            "Attempts to sign in each minute from one address.",
            reloadable: true
        ) { $0.limits.signInPerMinute = $1 },
        Setting(
            "limits.sign_in_burst", rate, default: "10",
            "Attempts to sign in at once from one address, after a time of silence.", reloadable: true
        ) { $0.limits.signInBurst = $1 },
        Setting(
            "limits.wrong_credentials_per_minute", rate, default: "10",
            "Wrong tokens and keys each minute from one address, before those from it are no longer looked at.",
            reloadable: true
        ) { $0.limits.wrongCredentialsPerMinute = $1 },
        Setting(
            "limits.wrong_credentials_burst", rate, default: "20",
            "Wrong tokens and keys at once from one address, after a time of silence.", reloadable: true
        ) { $0.limits.wrongCredentialsBurst = $1 },
        Setting(
            "limits.bulk_cost", .int(1...100), default: "2",
            "How many interactive requests a bulk request stands for: half of the rate, with 2.",
            reloadable: true
        ) { $0.limits.bulkCost = $1 },
        Setting(
            "limits.bulk_reserve_percent", percent, default: "25",
            "The part of a burst that bulk requests leave to interactive ones.", reloadable: true
        ) { $0.limits.bulkReservePercent = $1 },
        Setting(
            "limits.warning_percent", .int(1...100), default: "80",
            "The part of a burst beyond which answers warn; 100 never warns.", reloadable: true
        ) { $0.limits.warningPercent = $1 },
        Setting(
            "limits.delay_max", .duration(.zero ... .seconds(5)), default: "250ms",
            "How long an interactive request beyond its burst may be held up instead of being refused; 0 refuses at once.",
            reloadable: true
        ) { $0.limits.delayMax = $1 },
        Setting(
            "limits.delayed_max", .int(0...10_000), default: "64",
            "Requests that are held up at the same time, of all callers.", reloadable: true
        ) { $0.limits.delayedMax = $1 },
        Setting(
            "limits.block_after", .int(0...100_000), default: "50",
            "Refusals within a minute after which a caller is blocked; 0 blocks nobody.", reloadable: true
        ) { $0.limits.blockAfter = $1 },
        Setting(
            "limits.block_first", .duration(.seconds(1) ... .seconds(86_400)), default: "30s",
            "How long the first block lasts; each further one lasts twice as long as the one before.",
            reloadable: true
        ) { $0.limits.blockFirst = $1 },
        Setting(
            "limits.block_max", .duration(.seconds(1) ... .seconds(86_400)), default: "15m",
            "How long a block lasts at most, and how long after the last one all is forgotten.",
            reloadable: true
        ) { $0.limits.blockMax = $1 },
    ]
}
