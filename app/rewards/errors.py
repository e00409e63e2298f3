"""Refusals of the rewards room."""

from app.problems import DomainError


class OfferNotFound(DomainError):
    """The offer does not exist, is not published, or has closed."""

    status = 404
    title = "No such offer"
    title_zh = "兑换商品不存在"


class OfferNotYetOpen(DomainError):
    """The offer can be seen but not claimed yet; `opens_at` says when."""

    title = "The offer has not opened yet"
    title_zh = "兑换尚未开始"


class OfferSoldOut(DomainError):
    """Every unit is held or spent; units come back when holds are cancelled or run out."""

    title = "Sold out"
    title_zh = "已兑完"


class LimitReached(DomainError):
    """The citizen holds or has spent as many units of this offer as one person may."""

    title = "Your limit for this offer is reached"
    title_zh = "已达到兑换上限"


class OfferUnsound(DomainError):
    """The draft cannot be an offer: a price, stock, limit, title or period makes no sense."""

    status = 422
    title = "The draft makes no sense"
    title_zh = "商品信息无效"


class OfferNotDraft(DomainError):
    """Only a draft can be published; this offer has been published or withdrawn."""

    title = "The offer is not a draft"
    title_zh = "该商品不是草稿"


class RedemptionNotFound(DomainError):
    """You have no redemption with this id."""

    status = 404
    title = "No such redemption"
    title_zh = "兑换记录不存在"


class CouponUnreadable(DomainError):
    """This is not a coupon code: `c1.` and 26 letters or digits are expected."""

    status = 422
    title = "Not a coupon code"
    title_zh = "无法识别的券码"


class CouponNotFound(DomainError):
    """No coupon of this merchant has this code."""

    status = 404
    title = "No such coupon"
    title_zh = "券码不存在"


class CouponNotOpen(DomainError):
    """The coupon is spent, cancelled or expired; `state` says which."""

    title = "The coupon is closed"
    title_zh = "券码已失效"


class OrderNumberUsed(DomainError):
    """The merchant used this order number for another coupon; each coupon needs its own."""

    title = "The order number belongs to another coupon"
    title_zh = "订单号已用于其他券码"


class PurchaseUnclear(DomainError):
    """An attribution is asked for one coupon, or for one merchant and one day."""

    status = 400
    title = "Which purchase?"
    title_zh = "请指明消费"
