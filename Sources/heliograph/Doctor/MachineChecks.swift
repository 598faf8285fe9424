import Base
import Glibc

/// Whether enough files may be open at once.
enum FileLimitCheck {
    /// What the program itself has open beside connections.
    private static let own = 256

    static func finding(connectionsMax: Int) -> Finding {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return .warning("files", "the limit of open files is unknown", do: "see `ulimit -Hn`")
        }
        // The server raises the soft limit to the hard one by itself.
        let hard = Int(clamping: limit.rlim_max)
        let needed = connectionsMax + own
        guard hard < needed else {
            return .good("files", "\(hard == .max ? "any number of" : "\(hard)") files may be open")
        }
        let message = "\(hard) files may be open, but \(connectionsMax) connections need \(needed)"
        let advice =
            "raise it (LimitNOFILE= in systemd, `ulimit -Hn`), or lower HELIOGRAPH_HTTP_CONNECTIONS_MAX"
        return hard < 1024
            ? .failure("files", message, do: advice) : .warning("files", message, do: advice)
    }
}

/// Whether the clock can be right.
enum ClockCheck {
    static func finding() -> Finding {
        let now = Clocks.system.now
        let before = Clocks.system.moment
        // A clock that shows a time before the program was built is wrong for sure.
        let built = FileSystem.status(of: "/proc/self/exe").0.map {
            Timestamp(seconds: Int64($0.st_mtim.tv_sec))
        }
        let advice =
            "set it, and keep it right with systemd-timesyncd or chrony; signatures and tokens depend on it"
        if let built, now + .seconds(86_400) < built {
            return .failure("clock", "it shows \(now), but this program was built at \(built)", do: advice)
        }
        guard Clocks.system.moment >= before else {
            return .failure(
                "clock", "the monotonic clock goes backwards", do: "look at the clock source of the kernel")
        }
        return .good("clock", "it shows \(now)")
    }
}
