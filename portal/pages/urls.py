from django.urls import path

from portal.pages import customer_views, people_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("health/", views.health, name="health"),
    path("people/", people_views.people, name="people"),
    path("people/invitations/", people_views.invitations, name="invitations"),
    path("people/rights/", people_views.rights, name="rights"),
    path("carrier/customers/<uuid:code>/details/", customer_views.customer_details, name="customer_details"),
    path("customer/", people_views.chosen_customer, name="chosen_customer"),
    path("invitation/<uuid:code>/", people_views.invitation, name="invitation"),
]
