//! The closed list of headers, written out: the alias file has each of them for its field, in this order.

use std::collections::BTreeMap;

use crate::orders::recognising::{
    fields::{Kind, Type},
    headers::Aliases,
    layout::layout,
};
use crate::orders::testing::shop_columns;

const SHOP: &str =
    "shop_id shopid shop shop_domain shopdomain store_domain storedomain merchant_domain merchantdomain domain";

/// Field and headers a line, best first; those of last resort stand last.
const LIST: &str = "\
[orders]
order_id: order_id name orderid order_name order_number order_no order_gid receipt_id transaction_id invoice_no invoice_id basket_id order_code order_reference order_ref invoice_number receipt_number
created_at: created_at order_date date order_created_at processed_at ordered_at order_datetime purchase_date transaction_date invoice_date sale_date order_timestamp order_purchase_timestamp date_created date_of_order date_ordered placed_at purchased_at date_purchased date_add timestamp datetime date_time sold_at sold_on order_time order_creation_date creation_date date_added order_placed_at ordered_on created created_on
quantity: line_item_quantity quantity qty lineitem_quantity item_quantity units qty_ordered quantity_ordered ordered_quantity quantity_purchased qty_purchased quantity_sold units_sold qty_sold item_qty product_quantity product_qty article_quantity order_lines_quantity quantity_sku count pieces pcs
unit_price: original_unit_price price unit_price lineitem_price line_item_price item_price selling_price sale_price price_each price_per_unit price_per_item product_price item_unit_price unit_price_tax_incl deal_price article_price price_incl order_lines_unit_price sku_selling_price amount rate
line_total: discounted_total line_total line_item_total net_sales item_total item_subtotal row_total extended_price line_amount gross_sales
line_discount: line_item_total_discount line_discount lineitem_discount total_discount_line
line_item_id: line_item_id lineitem_id line_id item_id
line_name: line_item_name product_name lineitem_name item_name item_description item product article_name article_title product_description item_title order_lines_product sku_name description article
sku: sku variant_sku product_sku lineitem_sku line_item_sku item_sku stock_code item_code product_code product_reference seller_sku sku_reference_no article_number article_code id_sku custom_label ean barcode upc gtin part_number
variant_id: variant_id variantid variant_id_ product_variant_id variant_gid variation_id product_variation_id product_attribute_id
product_id: product_id productid product_gid
product_title: product_title producttitle title
variant_title: variant_title varianttitle variant_name variation variation_name variations variant item_variation lineitem_variant
vendor: vendor brand manufacturer lineitem_vendor
product_type: product_type producttype category product_category
subcategory: subcategory product_subcategory sub_category
color: color colour
material: material
tags: tags product_tags
unit_cost: cost unit_cost cost_per_item
currency: currency_code currency order_currency order_currency_code currency_iso_code customer_currency presentment_currency
financial_status: display_financial_status financial_status payment_status
fulfillment_status: display_fulfillment_status fulfillment_status fulfilment_status
subtotal: subtotal_price subtotal sub_total
shipping: total_shipping_price shipping shipping_cost shipping_price
taxes: total_tax taxes tax
total: total_price total order_total grand_total order_total_amount order_value
discount: discount discount_total discount_amount total_discounts
discount_code: discount_code coupon_code promo_code
customer_id: customer_id customerid customer user_id buyer_id client_id
customer_email: customer_email email
customer_country: shipping_country_code country customer_country shipping_country country_code
province: shipping_province state province shipping_state
city: shipping_city city
clv_band: clv_band
channel: sales_channel channel source_name
device: device_type device
returned: returned is_returned refunded
basket_item_count: basket_item_count item_count
basket_line_count: basket_line_count line_count
basket_value: basket_value basket_total
requires_shipping: requires_shipping
taxable: taxable is_taxable
is_gift_card: is_gift_card gift_card
image_url: image_url image_src product_image_src
current_quantity: current_quantity line_item_current_quantity
returned_quantity: returned_quantity refunded_quantity quantity_refunded quantity_returned qty_refunded returned_qty qty_returned refunded_qty refund_quantity item_refunded_qty
refunded_amount: refunded_amount refund_amount total_refunded amount_refunded refund_total total_refund order_refund_amount
order_status: order_status status estado statut stato durum bestellstatus sipariş_durumu sipariş_statüsü estado_del_pedido statut_de_la_commande stato_ordine status_do_pedido stav
cancelled_at: cancelled_at canceled_at cancellation_date cancel_date cancelled canceled is_cancelled is_canceled cancelled_on canceled_on cancelled_date date_cancelled cancel_reason cancellation_reason storniert_am fecha_de_cancelación data_annullamento date_d'annulation iptal_tarihi data_do_cancelamento
paid_at: paid_at payment_date
[variants]
product_id: product_id productid product_gid
variant_id: variant_id variantid variant_id_ id
variant_title: variant_title varianttitle title option_title
price: price variant_price current_price
compare_at_price: compare_at_price variant_compare_at_price original_price list_price msrp
sku: sku variant_sku
inventory_item_id: inventory_item_id inventoryitemid inventory_item_gid
inventory_item_created_at: inventory_item_created_at inventoryitemcreatedat
unit_cost: cost unit_cost cost_per_item
image_url: image_url variant_image_src
[inventory_levels]
inventory_item_id: inventory_item_id inventoryitemid admin_graphql_api_id
location_id: location_id location location_gid warehouse_id
available: available quantity stock available_quantity on_hand inventory_quantity
updated_at: updated_at last_updated inventory_updated_at
sku: sku variant_sku
handle: handle url_handle
[catalog_joined]
product_id: product_id productid product_gid
variant_id: variant_id variantid variant_id_ id
sku: sku variant_sku
inventory_item_id: inventory_item_id inventoryitemid inventory_item_gid
inventory_item_created_at: inventory_item_created_at inventoryitemcreatedat
product_title: product_title producttitle title name product_name
product_type: product_type producttype category product_category
product_status: product_status status
vendor: vendor brand manufacturer
tags: tags product_tags
variant_title: variant_title varianttitle
price: price variant_price current_price
compare_at_price: compare_at_price variant_compare_at_price
available_total: available_total total_inventory stock inventory_quantity variant_inventory_qty
product_created_at: product_created_at created_at
product_published_at: product_published_at published_at
last_inventory_update: last_inventory_update inventory_updated_at
description: description body_html product_description
image_url: image_url image_src product_image_src
[product_export]
variant_id: variant_id variantid id
product_id: product_id productid parent_id
handle: handle url_handle slug
product_title: title product_title name product_name item_name
variant_title: variant_title variant_name
option1: option1_value option1
option2: option2_value option2
option3: option3_value option3
sku: sku variant_sku product_code seller_sku item_code stock_code
price: price variant_price regular_price unit_price
compare_at_price: compare_at_price variant_compare_at_price list_price msrp
unit_cost: cost unit_cost cost_per_item cost_price
inventory_item_id: inventory_item_id
available_total: stock qty quantity inventory_quantity stock_quantity available
product_type: product_type type category categories
product_status: product_status status published is_active active enabled is_visible
vendor: vendor brand manufacturer
tags: tags
product_created_at: created_at date_created
product_published_at: published_at
description: description body_html product_description
image_url: image_url image_src image
";

fn list() -> BTreeMap<&'static str, Aliases> {
    let mut kinds: BTreeMap<&str, Aliases> = BTreeMap::new();
    let mut kind = "";
    for line in LIST.lines() {
        match line.split_once(": ") {
            None => kind = line.trim_matches(['[', ']']),
            Some((field, names)) => {
                let names = names.split(' ').map(str::to_owned).collect();
                kinds.entry(kind).or_default().insert(field.to_owned(), names);
            }
        }
    }
    kinds
}

#[test]
fn the_alias_file_has_every_alias_of_the_closed_list_and_no_other() {
    let columns = shop_columns();
    columns.check().unwrap();
    assert_eq!(columns.shop, SHOP.split(' ').collect::<Vec<_>>());
    let list = list();
    let kinds = Kind::ALL.into_iter().filter(|kind| kind.among() == *kind);
    assert_eq!(list.len(), kinds.clone().count());
    for kind in kinds {
        let mut found = columns.of(kind).clone();
        for (field, names) in columns.last_resort.get(kind.name()).into_iter().flatten() {
            found.entry(field.clone()).or_default().extend(names.iter().cloned());
        }
        assert_eq!(found, list[kind.name()], "{}", kind.name());
    }
}

#[test]
fn every_alias_of_the_closed_list_alone_leads_to_its_field() {
    let columns = shop_columns();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.among() == *kind) {
        let fields = &list()[kind.name()];
        let needed: Vec<&str> = kind.needs_columns().iter().map(|group| group[0]).collect();
        for (field, names) in fields {
            for name in names {
                let others = needed.iter().filter(|other| **other != field).map(|other| fields[*other][0].clone());
                let headers: Vec<String> = others.chain([name.to_uppercase()]).collect();
                let layout = layout(&headers, &columns, &[], Some(kind)).unwrap();
                let place = kind.field(field).unwrap();
                if kind.fields()[place].kind == Type::Note {
                    assert!(layout.unknown.is_empty(), "{field}: {name}");
                    continue;
                }
                let found = layout.fields.iter().find(|(known, _)| *known == place).map(|(_, columns)| columns.clone());
                assert_eq!(found, Some(vec![headers.len() - 1]), "{} {field}: {name}", kind.name());
            }
        }
    }
}
