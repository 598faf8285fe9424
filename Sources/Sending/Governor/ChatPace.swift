import Base

/// How a chat stands: what it was sent lately, and whether something is on its way.
struct ChatPace: Sendable {
    /// One at a time, so that their order is kept.
    var isBusy = false
    /// Telegram wants nothing before.
    var silentUntil = Moment(nanoseconds: .min)
    /// Lanes that wait until the chat is no longer busy.
    var parked: [Governor.Lane] = []
    /// When the messages so far would have been through at the steady pace.
    private var earned = Moment(nanoseconds: .min)
    private var group: Window?
    private let interval: Duration
    private let burst: Int

    init(_ chat: Int64, _ limits: SendLimits) {
        interval = limits.chatInterval
        burst = max(1, limits.chatBurst)
        if chat < 0 { group = Window(limits.groupCount, per: limits.groupWindow) }
    }

    /// From when on so many messages may go at once.
    func opening(_ count: Int) -> Moment {
        let pace = earned + interval * -(burst - min(count, burst))
        // One at a time is on its way to a chat, so none holds a place.
        return max(silentUntil, pace, group?.opening(count) ?? silentUntil)
    }

    /// So many messages depart.
    mutating func note(_ count: Int, _ now: Moment) {
        earned = max(earned, now) + interval * count
        group?.hold(count)
        group?.depart(count, at: now)
    }

    /// Whether it is as if nothing had ever been sent.
    func isForgettable(at now: Moment) -> Bool {
        !isBusy && parked.isEmpty && silentUntil <= now && earned <= now && group?.used(at: now) ?? 0 == 0
    }
}
